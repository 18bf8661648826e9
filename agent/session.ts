import type {AttemptRef, SessionId} from '../source/model/ids.ts';
import {attemptKey} from '../source/model/ids.ts';
import type {Outcome} from '../source/model/run.ts';
import type {Assignment, Orders, Report, ReportedOutcome} from '../source/protocol/messages.ts';
import type {Lease, Now} from './lease.ts';
import {killWindowMs, leaseLeftMs} from './lease.ts';

/** What Orders ask of the agent, beyond what the session takes note of by itself. */
export type Applied = {
	/** False: stale, foreign or before the first Report; nothing of them counts, and a Report is due at once. */
	readonly accepted: boolean;
	/** To be started; each must come to an outcome by `finished`. */
	readonly start: readonly Assignment[];
	/** Live attempts to be ended; each must come to an outcome by `finished`. */
	readonly stop: readonly AttemptRef[];
	/** Output that need not be kept any more. */
	readonly acknowledgedLogs: Orders['acknowledged']['logs'];
	/** Attempts that are forgotten, with all their output. */
	readonly settled: readonly AttemptRef[];
};

type Held = {readonly ref: AttemptRef; reported?: ReportedOutcome};

const nothing: Applied = {accepted: false, start: [], stop: [], acknowledgedLogs: [], settled: []};

/**
 * The agent's end of the agent protocol: one session, one start of an agent program. It decides and remembers; it has no
 * clock, no timers and no effects, so that the program and the simulation drive the same code. The rules it keeps are those
 * of ARCHITECTURE.md, "Agents".
 */
export class Session {
	readonly id: SessionId;
	readonly slots: number;
	#number = 0;
	#answered = 0;
	/** When each Report was sent that Orders may still answer. */
	readonly #sentAt = new Map<number, Now>();
	#lease: Lease | undefined;
	readonly #held = new Map<string, Held>();
	#draining = false;
	#ending = false;
	#occupied = 0;

	constructor(id: SessionId, slots: number) {
		this.id = id;
		this.slots = slots;
	}

	/** The next Report. To be sent at once: a lease counts from this moment. */
	report(now: Now, waitMs: number, logs: Report['logs']): Report {
		this.#number += 1;
		this.#sentAt.set(this.#number, now);
		const held = [...this.#held.values()];
		return {
			session: this.id,
			number: this.#number,
			held: held.map(({ref}) => ref),
			free: this.free,
			outcomes: held.flatMap(({reported}) => (reported ? [reported] : [])),
			logs,
			waitMs,
		};
	}

	/** Takes Orders. What was sent before Orders already applied, or answers no Report of this session, counts for nothing. */
	apply(orders: Orders, now: Now): Applied {
		const sentAt = this.#sentAt.get(orders.answers);
		if (orders.session !== this.id || orders.answers < this.#answered || sentAt === undefined) return nothing;
		this.#answered = orders.answers;
		for (const number of this.#sentAt.keys()) if (number < orders.answers) this.#sentAt.delete(number);
		this.#lease = {from: sentAt, leaseMs: orders.leaseMs};
		this.#draining = orders.drain;
		const settled = orders.acknowledged.outcomes.filter(ref => this.#settle(ref));
		const stop = orders.stop.filter(ref => this.#isLiveOrForestalled(ref));
		// Without a lease nothing is started and nothing is said of it: the orchestrator sends it again.
		const start = this.mayStart(now) ? orders.start.filter(({ref}) => this.#hold(ref)) : [];
		return {accepted: true, start, stop, acknowledgedLogs: orders.acknowledged.logs, settled};
	}

	/** An attempt's end, reported from now on until it is settled. `logBytes`: all output it ever had. */
	finished(ref: AttemptRef, outcome: Outcome, logBytes: number): void {
		const held = this.#held.get(attemptKey(ref));
		if (held) held.reported ??= {ref, outcome, logBytes};
	}

	/** The lease that all live attempts run under; undefined before the first Orders. */
	get lease(): Lease | undefined {
		return this.#lease;
	}

	/** Negative: it has ended, or there never was one. */
	leaseLeftMs(now: Now): number {
		return this.#lease ? leaseLeftMs(this.#lease, now) : -1;
	}

	/** Whether there is more of the lease than the time in which attempts are killed; if not, all live ones must be ended. */
	mayStart(now: Now): boolean {
		return this.#lease !== undefined && leaseLeftMs(this.#lease, now) > killWindowMs(this.#lease.leaseMs);
	}

	/** Slots that attempts may be given. */
	get free(): number {
		return this.#draining || this.#ending ? 0 : Math.max(0, this.slots - this.live().length - this.#occupied);
	}

	/** Whether the orchestrator gives it nothing more. */
	get draining(): boolean {
		return this.#draining;
	}

	/** Offers no slot any more: the agent ends. What it were given would be lost, and a retry of it used up, again and again. */
	end(): void {
		this.#ending = true;
	}

	/** Takes a free slot for what is no attempt. An attempt that was given that slot meanwhile is held all the same. */
	occupy(): void {
		this.#occupied += 1;
	}

	/** Gives it back. */
	vacate(): void {
		this.#occupied -= 1;
	}

	/** Attempts without an outcome: each has a slot, also while it is being ended. */
	live(): AttemptRef[] {
		return [...this.#held.values()].flatMap(({ref, reported}) => (reported ? [] : [ref]));
	}

	/** Whether nothing is left to do or to tell. */
	get idle(): boolean {
		return this.#held.size === 0;
	}

	/** Whether there is an outcome that is not settled. */
	get hasOutcomes(): boolean {
		return this.#held.values().some(({reported}) => reported !== undefined);
	}

	#hold(ref: AttemptRef): boolean {
		const key = attemptKey(ref);
		if (this.#held.has(key)) return false;
		this.#held.set(key, {ref});
		return true;
	}

	#settle(ref: AttemptRef): boolean {
		const key = attemptKey(ref);
		return this.#held.get(key)?.reported !== undefined && this.#held.delete(key);
	}

	/** Whether there is something to stop. What is not held is held from now on as ended, so that a `start` on its way is ignored. */
	#isLiveOrForestalled(ref: AttemptRef): boolean {
		const held = this.#held.get(attemptKey(ref));
		if (held) return held.reported === undefined;
		this.#hold(ref);
		this.finished(ref, {status: 'cancelled', reason: 'stopped before it started'}, 0);
		return false;
	}
}
