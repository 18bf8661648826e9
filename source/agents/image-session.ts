import type {Driver} from '../drivers/driver.ts';
import type {Clock} from '../engine/clock.ts';
import type {Engine} from '../engine/engine.ts';
import type {TaskLogs} from '../engine/task-logs.ts';
import {ByoaiError, messageOf} from '../model/error.ts';
import type {AttemptRef, SessionId} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {Handle} from '../model/instance.ts';
import {currentAttempt} from '../model/run.ts';
import type {Assignment, Orders, Report} from '../protocol/messages.ts';
import {taskOf} from '../scheduler/state.ts';
import type {Exchanges} from './exchange.ts';
import {ImageAttempt} from './image-attempt.ts';
import {imageInstanceName, imageInstanceOf} from './image-instance.ts';
import {UnsentOutput} from './unsent-output.ts';

export type ImageSessionOptions = {
	readonly engine: Engine;
	readonly exchanges: Exchanges;
	readonly logs: TaskLogs;
	readonly clock: Clock;
	readonly driver: Driver;
	/** Name of the image agent's instance. */
	readonly agent: string;
	readonly session: SessionId;
	/** Attempts at once. */
	readonly slots: number;
	/** A Report goes out at least so often. */
	readonly beatMs: number;
	/** Diagnostics that nobody waits for. */
	readonly warn: (message: string) => void;
};

const retryMs = 1000;
/** While attempts are being ended, which Orders repeat, the next Report goes out after so long. */
const endingMs = 100;

/** An attempt that was taken, until its outcome is settled. */
type Held = {
	readonly ref: AttemptRef;
	/** Undefined for one that was stopped before it started. */
	readonly attempt: ImageAttempt | undefined;
	readonly output: UnsentOutput;
	/** It is being ended; Orders say so again until it has. */
	isEnding: boolean;
	outcome?: Report['outcomes'][number];
};

/**
 * The session of an image agent: held inside the orchestrator, it Reports like any agent, and each of its attempts is an instance of its own. It goes
 * on through restarts of the orchestrator under the same id: what it holds is told by the engine of those instances, which are started by name.
 */
export class ImageSession {
	readonly #options: ImageSessionOptions;
	readonly #held = new Map<string, Held>();
	/** Attempts that an earlier life gave out. */
	readonly #inherited: ReadonlySet<string>;
	/** Instances whose attempt is settled, being taken away. */
	readonly #leaving = new Map<string, Promise<void>>();
	#number = 0;
	#answered = 0;
	/** The newest Report says something new, and has not been answered. */
	#isTelling = false;
	#draining = false;
	#closed = false;

	constructor(options: ImageSessionOptions) {
		this.#options = options;
		const {engine, session} = options;
		const assigned = engine.state.sessions.get(session)?.assigned ?? [];
		this.#inherited = new Set(assigned.map(attemptKey));
	}

	start(): void {
		this.#report();
	}

	/** Looks at its attempts no more. They go on. */
	close(): void {
		this.#closed = true;
		for (const {attempt} of this.#held.values()) attempt?.close();
	}

	/** Resolves when nothing is left of the instances of settled attempts. */
	async emptied(): Promise<void> {
		while (this.#leaving.size > 0) await Promise.all(this.#leaving.values());
	}

	/** Something has come up that the orchestrator should hear: at once, or in the Report that follows the answer to what it was told last. */
	#news(): void {
		if (!this.#isTelling) this.#report();
	}

	#report(): void {
		if (this.#closed) return;
		const {agent, exchanges, session, slots, beatMs} = this.#options;
		const held = [...this.#held.values()];
		const running = held.filter(({outcome}) => outcome === undefined).length;
		const number = ++this.#number;
		const report: Report = {
			session,
			number,
			held: held.map(({ref}) => ref),
			free: this.#draining ? 0 : Math.max(0, slots - running - this.#leaving.size),
			outcomes: held.flatMap(({outcome}) => outcome ?? []),
			logs: held.flatMap(({ref, output}) => {
				const unsent = output.take();
				return unsent === undefined ? [] : [{ref, ...unsent}];
			}),
			waitMs: beatMs,
		};
		this.#isTelling = report.logs.length > 0 || report.outcomes.length > 0;
		exchanges.exchange(agent, report).then(
			orders => this.#obey(orders, number),
			(error: unknown) => this.#refused(error, number),
		);
	}

	#obey(orders: Orders, number: number): void {
		if (this.#closed) return;
		let saysNew = orders.stop.length === 0;
		if (orders.answers >= this.#answered) {
			this.#answered = orders.answers;
			this.#draining = orders.drain;
			for (const {ref, offset} of orders.acknowledged.logs) this.#held.get(attemptKey(ref))?.output.acknowledge(offset);
			for (const ref of orders.acknowledged.outcomes) this.#settle(ref);
			for (const ref of orders.stop) saysNew = this.#stop(ref) || saysNew;
			for (const assignment of orders.start) void this.#begin(assignment);
		}
		if (number !== this.#number) return;
		// What is being ended already is said again at once, for as long as that takes: answered at once, nothing else would get its turn.
		if (saysNew || this.#isTelling) this.#report();
		else this.#options.clock.after(endingMs, () => number === this.#number && this.#report());
	}

	/** The orchestrator cannot take a Report: it is sent again, for what it says stays true. */
	#refused(error: unknown, number: number): void {
		if (this.#closed) return;
		const {clock, warn, agent} = this.#options;
		if (!(error instanceof ByoaiError)) warn(`the session of ${agent} broke: ${String(error)}`);
		for (const {output} of this.#held.values()) output.repeat();
		clock.after(retryMs, () => number === this.#number && this.#report());
	}

	async #begin({ref, timeoutMs, graceMs}: Assignment): Promise<void> {
		const key = attemptKey(ref);
		if (this.#held.has(key)) return;
		const {engine, clock, driver, logs, warn} = this.#options;
		const made = imageInstanceOf(engine.state, ref);
		if (made === undefined) return;
		const output = new UnsentOutput(() => this.#news());
		const attempt = new ImageAttempt({
			spec: made.spec,
			driver,
			clock,
			timeoutMs,
			graceMs,
			instance: currentAttempt(taskOf(engine.state, ref))?.attempt.instance,
			isInherited: this.#inherited.has(key),
			from: async () => output.begin(await logs.end(ref)),
			onStarted: handle => this.#started(ref, handle),
			onOutput: piece => output.add(piece),
			warn,
		});
		const held: Held = {ref, attempt, output, isEnding: false};
		this.#held.set(key, held);
		try {
			const outcome = await attempt.run();
			held.outcome = {ref, outcome, logBytes: output.end};
		} catch (error) {
			if (this.#closed) return;
			warn(`attempt ${key} broke: ${String(error)}`);
			held.outcome = {ref, outcome: {status: 'lost', reason: `it could not be followed: ${String(error)}`}, logBytes: output.end};
		}
		this.#news();
	}

	/** Refused when the attempt is not this session's any more: then orders to stop it are on their way. */
	async #started(ref: AttemptRef, handle: Handle): Promise<void> {
		const {engine, clock, session, warn} = this.#options;
		await engine.offer({type: 'attempt-started', at: clock.now(), ref, session, handle}).catch((error: unknown) => {
			if (!this.#closed) warn(`the start of ${attemptKey(ref)} was not recorded: ${String(error)}`);
		});
	}

	/** False: it is on its way out already. */
	#stop(ref: AttemptRef): boolean {
		const held = this.#held.get(attemptKey(ref));
		if (held === undefined) this.#stopUnheld(ref);
		if (held === undefined) return true;
		if (held.isEnding || held.outcome !== undefined) return false;
		held.isEnding = true;
		held.attempt?.stop({status: 'cancelled', reason: 'stopped by the orchestrator'});
		return true;
	}

	/** One of which this life knows nothing may have been started by an earlier one: it is adopted, and ended; else it never starts. */
	#stopUnheld(ref: AttemptRef): void {
		const {engine, driver} = this.#options;
		const made = imageInstanceOf(engine.state, ref);
		if (currentAttempt(taskOf(engine.state, ref))?.attempt.instance !== undefined && made !== undefined) {
			void this.#begin(made.assignment);
			this.#stop(ref);
			return;
		}
		const held: Held = {ref, attempt: undefined, output: new UnsentOutput(() => undefined), isEnding: true};
		this.#held.set(attemptKey(ref), held);
		void this.#untilGone(() => driver.stop({name: imageInstanceName(ref)}), ref).then(() => {
			held.outcome = {ref, outcome: {status: 'cancelled', reason: 'stopped before it started'}, logBytes: 0};
			this.#news();
		});
	}

	/** The outcome is recorded, or refused: what is left of the instance goes. */
	#settle(ref: AttemptRef): void {
		const key = attemptKey(ref);
		const held = this.#held.get(key);
		if (held === undefined) return;
		this.#held.delete(key);
		const {driver} = this.#options;
		const handle = held.attempt?.handle;
		const leaving = this.#untilGone(() => driver.stop({name: imageInstanceName(ref), ...(handle && {handle})}), ref).finally(() => {
			this.#leaving.delete(key);
			this.#news();
		});
		this.#leaving.set(key, leaving);
	}

	async #untilGone(stop: () => Promise<void>, ref: AttemptRef): Promise<void> {
		const {clock, warn} = this.#options;
		while (!this.#closed) {
			try {
				return await stop();
			} catch (error) {
				warn(`instance ${imageInstanceName(ref)} could not be removed, trying again: ${messageOf(error)}`);
				await new Promise<void>(resolve => clock.after(retryMs, resolve));
			}
		}
	}
}
