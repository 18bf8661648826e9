import type {Driver} from '../drivers/driver.ts';
import type {Clock} from '../engine/clock.ts';
import {ByoaiError, messageOf} from '../model/error.ts';
import type {Handle, InstanceEnd, InstanceSpec, OutputPiece} from '../model/instance.ts';
import type {Outcome} from '../model/run.ts';
import type {ImageStop} from './image-outcome.ts';
import {imageOutcome, imageStartFailure, timedOut} from './image-outcome.ts';

export type ImageAttemptOptions = {
	readonly spec: InstanceSpec;
	readonly driver: Driver;
	readonly clock: Clock;
	/** One attempt from its start; absent: without end. */
	readonly timeoutMs: number | undefined;
	/** Between terminate and kill. */
	readonly graceMs: number;
	/** Where it runs already, started in this life or in an earlier one. */
	readonly instance: {readonly handle: Handle; readonly startedAt: number} | undefined;
	/** It was given out in an earlier life, which may have started it without a record of that. */
	readonly isInherited: boolean;
	/** Bytes of its output that are durable. */
	readonly from: () => Promise<number>;
	/** Its instance has started: resolves once that is in the journal. */
	readonly onStarted: (handle: Handle) => Promise<void>;
	/** Takes output; resolves when there is room for more. */
	readonly onOutput: (piece: OutputPiece) => Promise<void>;
	/** Diagnostics of what is being tried again. */
	readonly warn: (message: string) => void;
};

/** What cannot be read or asked at the moment is tried again after so long. */
const retryMs = 1000;
const mayHaveRun = imageStartFailure(
	new ByoaiError('unavailable', 'an earlier life of the orchestrator may have started it, and it is not there any more', {retryable: true}),
);
const goneUnread = 'its instance was removed by somebody else before all of its output was read';
/** The most that a timer of Node can wait. */
const longestTimerMs = 2 ** 31 - 1;

/** One attempt in an instance of its own: from the start of that to its outcome, for which all output has been read. */
export class ImageAttempt {
	readonly #options: ImageAttemptOptions;
	readonly #closing = new AbortController();
	#handle: Handle | undefined;
	/** Why it is ended before its time; the first reason stands. */
	#stop: ImageStop | undefined;
	#ending = false;

	constructor(options: ImageAttemptOptions) {
		this.#options = options;
		this.#handle = options.instance?.handle;
	}

	/** Whether its instance has been started. */
	get isStarted(): boolean {
		return this.#handle !== undefined;
	}

	/** Runs it, or goes on with it. Rejects only after `close`; an instance that was started goes on then. */
	async run(): Promise<Outcome> {
		const begun = this.#options.instance ?? (await this.#begin());
		if ('status' in begun) return begun;
		const {handle} = begun;
		const cancelTimeout = this.#watchTimeout();
		try {
			if (this.#stop !== undefined) this.#end(handle);
			const watched = this.#watch(handle);
			let isGone = false;
			const read = this.#read(handle, () => isGone);
			let end = await watched;
			cancelTimeout();
			// What is there no more has no more to say: one more try to read is enough.
			isGone = end.exitCode === undefined ? await this.#isGoneBefore(read) : await this.#goesFirst(handle, read);
			if (isGone && end.exitCode !== undefined) end = {cause: goneUnread};
			await read;
			return imageOutcome(end, {stop: this.#stop, timeoutMs: this.#options.timeoutMs});
		} finally {
			cancelTimeout();
		}
	}

	/** Undefined: it has not started. */
	get handle(): Handle | undefined {
		return this.#handle;
	}

	/** Ends it before its time. */
	stop(stop: ImageStop): void {
		this.#stop ??= stop;
		if (this.#handle !== undefined) return this.#end(this.#handle);
		// The start that is under way gives up; should it be too late for that, it is ended as soon as it has started.
		const {driver, spec, warn} = this.#options;
		driver.stop({name: spec.name}).catch((error: unknown) => warn(`${spec.name} could not be stopped: ${messageOf(error)}`));
	}

	/** Looks at it no more. What runs goes on. */
	close(): void {
		this.#closing.abort(new ByoaiError('stopping', 'the orchestrator is shutting down'));
	}

	/**
	 * Resolves with what it runs in, or with what came of it without. A start that failed may have come about all the same: while nobody can say, the attempt is not
	 * over. What is there is taken up; it is not taken away before the outcome is recorded, for a later life would then start it a second time.
	 */
	async #begin(): Promise<{readonly handle: Handle} | Outcome> {
		const {driver, spec, isInherited, onStarted} = this.#options;
		const {signal} = this.#closing;
		// What it comes to where nothing is there.
		let failure = isInherited && driver.losesInstances ? mayHaveRun : undefined;
		let handle = isInherited ? await this.#find() : undefined;
		if (handle === undefined && failure === undefined && this.#stop === undefined) {
			signal.throwIfAborted();
			try {
				handle = await driver.start(spec);
			} catch (error) {
				signal.throwIfAborted();
				failure = imageStartFailure(error);
				if (failure.status === 'lost') handle = await this.#find();
			}
		}
		signal.throwIfAborted();
		if (handle === undefined) return this.#stop === undefined && failure !== undefined ? failure : this.#stopUnstarted();
		// Before it is recorded: a wish to stop that comes meanwhile has it end, with all of its output, and does not take it away.
		this.#handle = handle;
		await onStarted(handle);
		return {handle};
	}

	/** What is there by its name; undefined: nothing, or it need not be known any more. */
	#find(): Promise<Handle | undefined> {
		const {driver, spec} = this.#options;
		return this.#untilDone(
			'looked for',
			async () => driver.find?.(spec),
			() => this.#stop !== undefined,
		);
	}

	/** Nothing of it may run when that is told. The wish outlives this life: whoever comes next starts nothing. */
	async #stopUnstarted(): Promise<Outcome> {
		const {driver, spec} = this.#options;
		await this.#untilDone('removed', () => driver.stop({name: spec.name}));
		this.#closing.signal.throwIfAborted();
		return this.#stop ?? mayHaveRun;
	}

	#watchTimeout(): () => void {
		const {timeoutMs, clock, instance} = this.#options;
		if (timeoutMs === undefined) return () => undefined;
		const ranMs = instance === undefined ? 0 : Math.max(0, clock.now() - instance.startedAt);
		let cancel: () => void = () => undefined;
		const wait = (leftMs: number): void => {
			const ms = Math.min(longestTimerMs, Math.max(0, leftMs));
			const go = () => (leftMs > ms ? wait(leftMs - ms) : this.stop(timedOut(timeoutMs)));
			cancel = clock.after(ms, go);
		};
		wait(timeoutMs - ranMs);
		return () => cancel();
	}

	#end(handle: Handle): void {
		if (this.#ending) return;
		this.#ending = true;
		const {driver, graceMs} = this.#options;
		void this.#untilDone('ended', () => driver.end?.(handle, graceMs) ?? Promise.resolve());
	}

	#watch(handle: Handle): Promise<InstanceEnd> {
		const {driver, spec} = this.#options;
		return this.#untilDone('watched', () => driver.watch(spec.name, handle, this.#closing.signal)).then(end => {
			this.#closing.signal.throwIfAborted();
			return end ?? {cause: 'nobody watched it'};
		});
	}

	/** Reads all output there is, over as many readings as it takes. */
	async #read(handle: Handle, isGone: () => boolean): Promise<void> {
		const {driver, onOutput, from} = this.#options;
		const {signal} = this.#closing;
		let at: number | undefined;
		await this.#untilDone(
			'read',
			async () => {
				at ??= await from();
				for await (const piece of driver.output?.(handle, at, signal) ?? []) {
					at += piece.data.length;
					await onOutput(piece);
				}
			},
			isGone,
		);
	}

	/** Whether what has ended is taken away by somebody before all of its output was read. */
	async #goesFirst(handle: Handle, read: Promise<void>): Promise<boolean> {
		const isRead = read.then(() => true);
		while (!(await Promise.race([isRead, this.#pause(this.#closing.signal).then(() => false)]))) {
			if ((await this.#watch(handle)).exitCode === undefined) return true;
		}
		return false;
	}

	/** The same of what was ended from outside, or has gone already: how it ended tells nothing of that. */
	async #isGoneBefore(read: Promise<void>): Promise<boolean> {
		const {driver, spec} = this.#options;
		const isRead = read.then(() => true);
		do {
			const found = await this.#untilDone('looked for', async () => driver.find?.(spec));
			this.#closing.signal.throwIfAborted();
			if (found === undefined) return true;
		} while (!(await Promise.race([isRead, this.#pause(this.#closing.signal).then(() => false)])));
		return false;
	}

	/** Does it again until it succeeds, fails once more when `isLast` says so before, or this is closed. */
	async #untilDone<T>(what: string, work: () => Promise<T>, isLast = () => false): Promise<T | undefined> {
		const {warn, spec} = this.#options;
		const {signal} = this.#closing;
		for (let failures = 0; !signal.aborted; failures++) {
			const last = isLast();
			try {
				return await work();
			} catch (error) {
				if (signal.aborted || last) break;
				if (failures === 0) warn(`${spec.name} cannot be ${what} at the moment, trying again: ${messageOf(error)}`);
				await this.#pause(signal);
			}
		}
		return undefined;
	}

	/** Resolves when it may be tried again, or `signal` says that it need not be. */
	async #pause(signal: AbortSignal): Promise<void> {
		const {promise, resolve} = Promise.withResolvers<void>();
		const cancel = this.#options.clock.after(retryMs, resolve);
		const stop = () => resolve();
		signal.addEventListener('abort', stop, {once: true});
		await promise;
		cancel();
		signal.removeEventListener('abort', stop);
	}
}
