import type {Driver} from '../../../source/drivers/driver.ts';
import type {FakeDriverOptions} from '../../../source/drivers/fake/fake.ts';
import {createFakeDriver, createFakeMachine} from '../../../source/drivers/fake/fake.ts';
import type {FakeInstance} from '../../../source/drivers/fake/instance.ts';
import type {FakeTimers} from '../../../source/drivers/fake/script.ts';
import type {AttemptRef} from '../../../source/model/ids.ts';
import type {Handle, InstanceEnd, InstanceSpec} from '../../../source/model/instance.ts';
import type {Life} from '../life.ts';
import {epochMs} from '../life.ts';
import type {World} from '../world.ts';
import type {ImageFaults} from './faults.ts';
import type {EndCause, ImageJudge} from './judge.ts';
import {programOf} from './programs.ts';
import type {ImageType} from './workflows.ts';

export type Instance = {
	readonly name: string;
	readonly ref: AttemptRef;
	readonly fake: FakeInstance;
	/** Undefined while it goes on, and nobody has anything done about that. */
	cause: EndCause | undefined;
	end: InstanceEnd | undefined;
	/** Lives of the orchestrator that had it end. */
	readonly askedBy: Set<Life>;
	/** Somebody takes it away, which takes a while. */
	isRemoving: boolean;
	/** Resolves when it is not there any more. */
	readonly gone: PromiseWithResolvers<void>;
};

/** Who is told what really happens. */
export type ImageWitness = Pick<ImageJudge, 'began' | 'printed' | 'exited' | 'takenAway' | 'refused'>;

export type EngineParts = {
	readonly world: World;
	readonly faults: ImageFaults;
	readonly judge: ImageWitness;
	readonly type: ImageType;
	/** When its clock begins; absent: as all clocks of a simulated world do. */
	readonly epoch?: number;
	/** What the instances run; absent: what simulated attempts do. */
	readonly script?: FakeDriverOptions['script'];
};

/** For a program that is to end because somebody takes its instance away. */
const removalMs = 3000;

/** A container engine, or a cluster: instances live there whatever becomes of the orchestrator, and other people have access to it. */
export class ImageEngine {
	readonly parts: EngineParts;
	readonly #world: World;
	readonly #machine = createFakeMachine();
	readonly #fake: Driver;
	readonly #instances = new Map<string, Instance>();
	/** Starts on their way here: they die with the orchestrator that asked, or arrive all the same. */
	#asked = new Set<InstanceSpec>();
	#awayUntil = 0;

	constructor(parts: EngineParts) {
		this.parts = parts;
		this.#world = parts.world;
		const script = parts.script ?? ((spec: InstanceSpec) => this.#program(spec));
		this.#fake = createFakeDriver({machine: this.#machine, script, timers: timersOf(parts.world, parts.epoch)});
	}

	get names(): string[] {
		return [...this.#instances.keys()];
	}

	get instances(): Instance[] {
		return [...this.#instances.values()];
	}

	get isAway(): boolean {
		return !this.#world.healed && this.#world.now < this.#awayUntil;
	}

	/** The instance of this handle; undefined: it is not there any more. */
	find({serial}: Handle): Instance | undefined {
		return this.instances.find(({fake}) => fake.serial === serial);
	}

	named(name: string): Instance | undefined {
		return this.#instances.get(name);
	}

	asked(spec: InstanceSpec): void {
		this.#asked.add(spec);
	}

	/** It came to nothing before it arrived. */
	unasked(spec: InstanceSpec): void {
		this.#asked.delete(spec);
	}

	/** A start has arrived. Resolves with the handle once the instance runs; the same name is the same instance. */
	start(spec: InstanceSpec): Promise<Handle> {
		this.#asked.delete(spec);
		const started = this.#fake.start(spec);
		const instance = this.#machine.instances.get(spec.name);
		if (instance !== undefined && instance !== this.#instances.get(spec.name)?.fake) this.#follow(spec, instance);
		return started;
	}

	/** The orchestrator died. What it asked for at that moment happens all the same, or never. */
	forgetStarts(): void {
		const asked = [...this.#asked];
		this.#asked = new Set();
		for (const spec of asked) if (this.#world.random.chance(0.5)) this.start(spec).catch(() => undefined);
	}

	/** Has its program end. Resolves once it has. */
	async terminate(instance: Instance, graceMs: number, cause: EndCause): Promise<void> {
		const status = instance.fake.status();
		if (status === 'ended') return;
		instance.cause ??= cause;
		if (status === 'starting') instance.fake.end({cause: 'it never ran'});
		else await instance.fake.terminate(graceMs);
	}

	/** It is there no more. */
	forget(instance: Instance, cause: EndCause): void {
		if (this.#instances.get(instance.name) !== instance) return;
		if (instance.end === undefined) instance.cause ??= cause;
		instance.fake.end({cause: 'it is taken away'});
		this.#world.trace(() => `instance ${instance.name} is gone`);
		this.#instances.delete(instance.name);
		this.#machine.instances.delete(instance.name);
		instance.gone.resolve();
	}

	/** Nobody answers for so long. */
	away(ms: number): void {
		this.#world.trace(() => `${this.parts.type} is away for ${ms} ms`);
		this.#awayUntil = this.#world.now + ms;
	}

	/** Somebody else kills its program. */
	kill(instance: Instance): void {
		if (instance.fake.status() !== 'running') return;
		this.#world.trace(() => `somebody kills ${instance.name}`);
		instance.cause ??= 'outside';
		instance.fake.end({cause: 'killed by SIGKILL', signal: 'SIGKILL', exitCode: 137});
		this.#world.promisesWait = true;
	}

	/** Somebody else takes it away. Of a container that is at once, of a pod when its program has ended. */
	remove(instance: Instance): void {
		const {type, judge} = this.parts;
		if (instance.isRemoving) return;
		this.#world.trace(() => `somebody takes ${instance.name} away`);
		judge.takenAway(instance.ref);
		this.#world.promisesWait = true;
		if (type === 'docker') return this.forget(instance, 'outside');
		instance.isRemoving = true;
		const graceMs = this.#world.random.below(removalMs);
		void this.terminate(instance, graceMs, 'outside').then(() => this.forget(instance, 'outside'));
	}

	/** The engine is killed, and all that runs with it. A cluster has no such moment. */
	die(): void {
		if (this.parts.type !== 'docker') return;
		for (const instance of this.instances) this.kill(instance);
	}

	#follow(spec: InstanceSpec, fake: FakeInstance): void {
		const {judge, type} = this.parts;
		const {name, command} = spec;
		if (command === undefined) throw new Error(`${name} has no command`);
		const {ref} = command;
		const instance: Instance = {
			name,
			ref,
			fake,
			cause: undefined,
			end: undefined,
			askedBy: new Set(),
			isRemoving: false,
			gone: Promise.withResolvers(),
		};
		this.#instances.set(name, instance);
		this.#world.trace(() => `instance ${name} is made`);
		fake.started.then(
			() => judge.began(ref, type),
			() => undefined,
		);
		void fake.ended.then(end => {
			instance.end = end;
			judge.exited(ref, {cause: instance.cause ?? 'itself', exitCode: end.exitCode});
			// What could not start leaves nothing.
			if (!fake.remains()) this.forget(instance, 'outside');
		});
		void this.#count(instance);
	}

	async #count({fake, ref}: Instance): Promise<void> {
		for await (const {data} of fake.output.read(0, new AbortController().signal)) this.parts.judge.printed(ref, data.length);
	}

	#program(spec: InstanceSpec) {
		const {world, faults, type} = this.parts;
		if (spec.command === undefined) throw new Error(`${spec.name} has no command`);
		// A container is made when its image is there, for which its driver waits; a pod waits by itself.
		const startMs = world.random.below(type === 'docker' ? 50 : faults.startMs);
		return {...programOf(world, faults, spec.command.ref), startMs};
	}
}

/** Timers of the machine that it runs on. */
function timersOf(world: World, epoch = epochMs): FakeTimers {
	return {
		setTimeout: (callback, ms) => {
			const timer = {isWanted: true};
			world.at(Math.max(1, ms), () => {
				if (!timer.isWanted) return;
				world.promisesWait = true;
				callback();
			});
			return timer;
		},
		clearTimeout: timer => {
			(timer as {isWanted: boolean}).isWanted = false;
		},
		now: () => epoch + Math.floor(world.now),
	};
}
