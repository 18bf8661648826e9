import {orAborted} from '../../../source/drivers/abortable.ts';
import type {Driver} from '../../../source/drivers/driver.ts';
import {createTurns} from '../../../source/drivers/turns.ts';
import type {ErrorCode} from '../../../source/model/error.ts';
import {ByoaiError} from '../../../source/model/error.ts';
import type {Handle, InstanceEnd, InstanceSpec, OutputPiece} from '../../../source/model/instance.ts';
import type {Life} from '../life.ts';
import type {ImageEngine, Instance} from './engine.ts';

/** Starts and stops wait for an engine that is away. */
const awayMs = 10_000;
const lookAgainMs = 500;
/** What a program gets that is to end with its instance. */
const stopGraceMs = 2000;
/** A cluster tells times to the second, and shorter ones not at all. */
const toldFromMs = 10_000;
const never = new AbortController().signal;

/**
 * The driver of one life of the orchestrator, for instances with a `command`: it keeps what the Docker and the Kubernetes drivers keep, over an engine that is
 * slow, away, or says something else than it did.
 */
export class ImagePort {
	readonly #engine: ImageEngine;
	readonly #life: Life;
	readonly #turns = createTurns();

	constructor(engine: ImageEngine, life: Life) {
		this.#engine = engine;
		this.#life = life;
	}

	get driver(): Driver {
		const isCluster = this.#engine.parts.type === 'kubernetes';
		return {
			name: 'fake',
			probe: () => this.#ask(() => undefined),
			start: spec => this.#turns.start(spec.name, stopped => this.#start(spec, stopped)),
			stop: ({name}) => this.#turns.stop(name, () => this.#stop(name)),
			watch: (_name, handle, signal) => this.#watch(handle, signal),
			list: () =>
				this.#ask(() => this.#engine.instances.filter(({fake}) => isCluster || fake.remains()).map(({name, fake}) => told(name, fake))),
			output: (handle, from, signal) => this.#output(handle, from, signal),
			end: (handle, graceMs) => this.#end(handle, graceMs),
			find: spec => this.#turns.start(spec.name, stopped => this.#find(spec, stopped)),
			...(isCluster && {losesInstances: true}),
			close: async () => undefined,
		};
	}

	get #faults() {
		return this.#engine.parts.faults;
	}

	#fails(chance: number): boolean {
		const {world} = this.#engine.parts;
		return !world.healed && world.random.chance(chance);
	}

	/** On the way there, or back. */
	#travel(ms = this.#faults.travelMs): Promise<void> {
		const {random} = this.#engine.parts.world;
		return this.#life.eventually(1 + random.below(ms), () => undefined);
	}

	/** One question and its answer, each of which may be lost. */
	async #ask<T>(answer: () => T | Promise<T>, chance = this.#faults.callFails): Promise<T> {
		await this.#travel();
		if (this.#engine.isAway || this.#fails(chance / 2)) throw unavailable();
		const said = await answer();
		await this.#travel();
		if (this.#engine.isAway || this.#fails(chance / 2)) throw unavailable();
		return said;
	}

	/** Waits for an engine that is away, for a while or for ever. */
	async #patience(signal = never, forMs = Number.POSITIVE_INFINITY): Promise<void> {
		for (let waitedMs = 0; this.#engine.isAway; waitedMs += lookAgainMs) {
			if (waitedMs >= forMs) throw unavailable();
			await orAborted(this.#travel(lookAgainMs), signal);
		}
	}

	async #start(spec: InstanceSpec, stopped: AbortSignal): Promise<Handle> {
		const {type} = this.#engine.parts;
		const {startMs, startRefused, startUntold, travelMs} = this.#faults;
		this.#engine.asked(spec);
		try {
			await orAborted(this.#travel(type === 'docker' ? startMs : travelMs), stopped);
			await this.#patience(stopped, awayMs);
			if (this.#engine.named(spec.name) === undefined && this.#fails(startRefused)) throw this.#refusal(spec);
		} catch (error) {
			this.#engine.unasked(spec);
			throw error;
		}
		const known = this.#engine.named(spec.name);
		if (known?.isRemoving) {
			this.#engine.unasked(spec);
			await orAborted(known.gone.promise, stopped);
			throw unavailable('its pod was removed by somebody else');
		}
		const handle = await orAborted(this.#engine.start(spec), stopped);
		await orAborted(this.#travel(), stopped);
		if (this.#fails(startUntold)) throw unavailable();
		return handle;
	}

	async #find({name}: InstanceSpec, stopped: AbortSignal): Promise<Handle | undefined> {
		await this.#patience(stopped, awayMs);
		const found = await orAborted(
			this.#ask(() => this.#engine.named(name)),
			stopped,
		);
		if (found?.isRemoving) {
			await orAborted(found.gone.promise, stopped);
			throw unavailable('its pod was removed by somebody else');
		}
		return found && orAborted(found.fake.started, stopped);
	}

	#refusal({command, name}: InstanceSpec): ByoaiError {
		const {judge, world} = this.#engine.parts;
		const code = world.random.pick<ErrorCode>(['invalid', 'unavailable', 'unavailable']);
		const retryable = code === 'unavailable' && world.random.chance(0.7);
		if (!retryable && command !== undefined) judge.refused(command.ref);
		return new ByoaiError(code, `instance ${name} cannot be started`, {retryable});
	}

	async #stop(name: string): Promise<void> {
		await this.#patience(never, awayMs);
		await this.#ask(async () => {
			const instance = this.#engine.named(name);
			if (instance === undefined) return;
			await this.#engine.terminate(instance, stopGraceMs, 'stopped');
			// Of a container that is asked for by itself; of a pod all is one.
			if (this.#engine.parts.type === 'docker') await this.#ask(() => undefined, this.#faults.callFails);
			this.#engine.forget(instance, 'stopped');
		});
	}

	async #watch(handle: Handle, signal: AbortSignal): Promise<InstanceEnd> {
		await orAborted(this.#travel(), signal);
		if (this.#fails(this.#faults.callFails)) throw unavailable();
		await this.#patience(signal);
		const instance = this.#engine.find(handle);
		if (instance === undefined) return {cause: 'ended while nobody watched'};
		await orAborted(instance.fake.ended, signal);
		await orAborted(this.#travel(), signal);
		await this.#patience(signal);
		if (this.#engine.find(handle) === undefined) return {cause: 'it was removed by somebody else'};
		return this.#told(instance);
	}

	/** How it ended, as its driver tells it: an exit code that says nothing of the program's work is not told. */
	#told({end, cause = 'itself', isRemoving, askedBy}: Instance): InstanceEnd {
		const isCluster = this.#engine.parts.type === 'kubernetes';
		const isOwn = cause === 'itself' || (cause === 'asked' && (isCluster || askedBy.has(this.#life)));
		if (end === undefined) throw new Error('it has not ended');
		const {durationMs = 0, ...how} = end;
		if (!isOwn || isRemoving) return {cause: 'it was ended from outside', ...(!isCluster && {durationMs})};
		if (!isCluster) return end;
		return durationMs < toldFromMs ? how : {...how, durationMs: durationMs - (durationMs % 1000)};
	}

	async *#output(handle: Handle, from: number, signal: AbortSignal): AsyncGenerator<OutputPiece> {
		await orAborted(this.#travel(), signal);
		if (this.#engine.isAway || this.#fails(this.#faults.callFails)) throw unavailable();
		const instance = this.#engine.find(handle);
		if (instance !== undefined) {
			for await (const piece of instance.fake.output.read(from, signal)) {
				await orAborted(this.#travel(), signal);
				if (this.#engine.find(handle) === undefined) break;
				if (this.#engine.isAway || this.#fails(this.#faults.outputBreaks)) throw unavailable('it broke off');
				yield piece;
			}
		}
		if (this.#engine.find(handle) === undefined) throw unavailable('it is not there any more');
	}

	async #end(handle: Handle, graceMs: number): Promise<void> {
		await this.#ask(async () => {
			const instance = this.#engine.find(handle);
			if (instance === undefined) return;
			instance.askedBy.add(this.#life);
			await this.#engine.terminate(instance, graceMs, 'asked');
		});
	}
}

function told(name: string, {serial}: Instance['fake']): {name: string; handle: Handle} {
	return {name, handle: {driver: 'fake', serial}};
}

function unavailable(why = 'the engine does not answer'): ByoaiError {
	return new ByoaiError('unavailable', why, {retryable: true});
}
