import type {AttemptRef, SessionId} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {Assignment, Orders, Report} from '../protocol/messages.ts';
import type {State} from '../scheduler/state.ts';
import {isCurrent, isDraining, taskOf} from '../scheduler/state.ts';

/** Two clocks never run at quite the same rate: the orchestrator waits this much longer before it says lost. */
const leaseMargin = 1.05;

/** What is known of a session beside the journal: gone after a restart, and told anew by the next Report. */
type Memory = {
	report: Report | undefined;
	held: ReadonlySet<string>;
	heardAt: number;
	leaseEndsAt: number;
};

/** Bytes of an attempt's output that are durable, as far as they were asked for. */
export type LogEnds = (ref: AttemptRef) => number | undefined;

/**
 * The orchestrator's end of the agent protocol: pure, times come in as monotonic milliseconds. Orders follow from the
 * state and the session's newest Report alone.
 */
export class Sessions {
	readonly #memory = new Map<SessionId, Memory>();

	/** A session that the journal knows, after a restart or when it opened: one fresh lease of the length it was given. */
	open(session: SessionId, leaseMs: number, now: number): void {
		const leaseEndsAt = now + leaseMs * leaseMargin;
		this.#memory.set(session, {report: undefined, held: new Set(), heardAt: now, leaseEndsAt});
	}

	/** Takes a Report in. False: it is not newer than the newest of its session, and nothing of it is to be applied. */
	hear(report: Report, leaseMs: number, now: number): boolean {
		const before = this.#memory.get(report.session);
		if (before?.report !== undefined && report.number <= before.report.number) return false;
		const held = new Set(report.held.map(attemptKey));
		this.#memory.set(report.session, {report, held, heardAt: now, leaseEndsAt: now + leaseMs * leaseMargin});
		return true;
	}

	/** Forgets what is no longer a session of the state. */
	forget(state: State): void {
		for (const session of this.#memory.keys()) if (!state.sessions.has(session)) this.#memory.delete(session);
	}

	/** Sessions whose lease is over: what they ran is dead by now. */
	expired(now: number): SessionId[] {
		return [...this.#memory].filter(([, {leaseEndsAt}]) => now >= leaseEndsAt).map(([session]) => session);
	}

	/** Whether this session's lease is over. */
	isExpired(session: SessionId, now: number): boolean {
		const memory = this.#memory.get(session);
		return memory !== undefined && now >= memory.leaseEndsAt;
	}

	/** Monotonic time of the newest Report, or of the opening. */
	heardAt(session: SessionId): number | undefined {
		return this.#memory.get(session)?.heardAt;
	}

	/** Whether the agent is known to have this attempt. */
	holds(session: SessionId, ref: AttemptRef): boolean {
		return this.#memory.get(session)?.held.has(attemptKey(ref)) === true;
	}

	/**
	 * How many more attempts the session can take: its free slots, less what was assigned since and may be on its way.
	 * Undefined before its first Report: then nobody knows what it still runs.
	 */
	room(state: State, session: SessionId): number | undefined {
		const memory = this.#memory.get(session);
		if (memory?.report === undefined) return undefined;
		const assigned = state.sessions.get(session)?.assigned ?? [];
		return memory.report.free - assigned.filter(ref => !memory.held.has(attemptKey(ref))).length;
	}

	/** What the session is to be told now. */
	orders(state: State, id: SessionId, ends: LogEnds, assignment: (ref: AttemptRef) => Assignment): Orders {
		const session = state.sessions.get(id);
		const memory = this.#memory.get(id);
		const nothing = {start: [], stop: [], acknowledged: {outcomes: [], logs: []}};
		const drain = session !== undefined && isDraining(state, session.agent);
		const common = {session: id, leaseMs: session?.leaseMs ?? 0, drain};
		if (session === undefined || memory?.report === undefined) return {...common, ...nothing, answers: 0};
		const {report, held} = memory;
		const done = new Set(report.outcomes.map(({ref}) => attemptKey(ref)));
		const unheld = session.assigned.filter(ref => !held.has(attemptKey(ref)));
		const isStopping = (ref: AttemptRef) => taskOf(state, ref)?.stopping === true;
		return {
			...common,
			answers: report.number,
			start: unheld.filter(ref => !isStopping(ref)).map(assignment),
			stop: [
				...unheld.filter(isStopping),
				...report.held.filter(ref => !done.has(attemptKey(ref)) && (!isCurrent(state, ref, id) || isStopping(ref))),
			],
			acknowledged: {
				outcomes: report.outcomes.map(({ref}) => ref).filter(ref => !isCurrent(state, ref, id)),
				logs: report.held.flatMap(ref => {
					const offset = isCurrent(state, ref, id) ? ends(ref) : undefined;
					return offset === undefined ? [] : [{ref, offset}];
				}),
			},
		};
	}
}

/** Whether Orders tell an agent anything that it should hear at once. */
export function saysSomething({start, stop, acknowledged}: Orders): boolean {
	return start.length > 0 || stop.length > 0 || acknowledged.outcomes.length > 0;
}
