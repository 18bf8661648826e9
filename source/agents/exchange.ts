import type {Clock} from '../engine/clock.ts';
import type {Engine} from '../engine/engine.ts';
import type {TaskLogs} from '../engine/task-logs.ts';
import {ByoaiError} from '../model/error.ts';
import type {Event} from '../model/event.ts';
import type {AttemptRef, SessionId} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import {isImageAgent} from '../model/workflow.ts';
import type {Orders, Report} from '../protocol/messages.ts';
import {isCurrent, poolOfInstance} from '../scheduler/state.ts';
import {assignmentOf} from './assignment.ts';
import {piecesOf} from './log-pieces.ts';
import {Sessions, saysSomething} from './sessions.ts';

export type ExchangeOptions = {
	readonly engine: Engine;
	readonly logs: TaskLogs;
	readonly clock: Clock;
	readonly settings: ExchangeSettings;
};

export type ExchangeSettings = {
	/** How long an agent that registered works on alone. An orchestrator that is away for longer costs what it ran. */
	readonly leaseMs: number;
	/** The same for an instance, whose end its driver can confirm. */
	readonly instanceLeaseMs: number;
	/** Unheard for so long, an agent gets no new work. */
	readonly silentMs: number;
	/** Between terminate and kill of a task. */
	readonly graceMs: number;
	/** The longest that a reply is held back while there is nothing to say. */
	readonly holdMs: number;
};

/** What is journaled of a session when it opens. */
export type SessionMarks = {readonly basic?: true};

const expiryCheckMs = 1000;

/** Both directions of the exchange meet here: a Report comes in, and Orders answer it. */
export class Exchanges {
	readonly #options: ExchangeOptions;
	readonly #sessions = new Sessions();
	/** Reports of one session are taken one after the other. */
	readonly #turns = new Map<SessionId, Promise<unknown>>();
	/** Replies that are held back, by session; calling one sends it. */
	readonly #held = new Map<SessionId, () => void>();
	/** Durable bytes of each attempt that a session holds. */
	readonly #ends = new Map<string, number>();
	/** When each agent was last heard from, on the monotonic clock; only agents that have a session. */
	readonly #heardAt = new Map<string, number>();
	/** The same on the wall clock, for people; also of agents whose session was lost since. */
	readonly #seenAt = new Map<string, number>();
	readonly #listeners = new Set<(session: SessionId) => void>();
	readonly #cancelSubscription: () => void;
	#cancelTimer: () => void = () => undefined;
	#closed = false;

	constructor(options: ExchangeOptions) {
		this.#options = options;
		this.#cancelSubscription = options.engine.subscribe(({before, after}) => {
			if (after.sessions.hasKeysOf(before.sessions)) return;
			this.#sessions.forget(after);
			const agents = new Set(after.sessions.values().map(({agent}) => agent));
			for (const agent of this.#heardAt.keys()) if (!agents.has(agent)) this.#heardAt.delete(agent);
			for (const agent of this.#seenAt.keys()) if (!agents.has(agent) && !after.agents.has(agent)) this.#seenAt.delete(agent);
			for (const {assigned} of after.sessions.goneSince(before.sessions)) for (const ref of assigned) this.#ends.delete(attemptKey(ref));
		});
	}

	/** Grants every session of the journal its fresh lease, save those that ended with the last process, and begins to watch leases. */
	start(): void {
		const {engine, clock} = this.#options;
		for (const {id, leaseMs, basic} of engine.state.sessions.values()) {
			if (basic) void this.endSession(id, 'the orchestrator was restarted; a basic agent cannot be asked what became of it');
			else this.#sessions.open(id, leaseMs, clock.monotonic());
		}
		this.#watchLeases();
	}

	/**
	 * One exchange: takes the Report in and resolves with Orders, held back for a while when there is nothing to say. `basic`: the session
	 * is held inside this process for a basic agent.
	 */
	async exchange(agent: string, report: Report, marks: SessionMarks = {}): Promise<Orders> {
		if (this.#closed) throw new ByoaiError('stopping', 'the orchestrator is shutting down', {retryable: true});
		const isNewest = await this.#inTurn(report.session, () => this.#receive(agent, report, marks));
		const orders = this.orders(report.session);
		const holdMs = Math.min(report.waitMs, this.#options.settings.holdMs);
		if (!isNewest || report.logs.length > 0 || holdMs <= 0 || saysSomething(orders)) return orders;
		await this.#hold(report.session, holdMs);
		return this.orders(report.session);
	}

	/** There is something new to say to this session: a reply that is held back goes out now, and who dials it hears of it. */
	sendOrders(session: SessionId): void {
		this.#held.get(session)?.();
		for (const listener of this.#listeners) listener(session);
	}

	/** Calls `listener` whenever there is something new to say to a session. */
	subscribe(listener: (session: SessionId) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** What a session is to be told now. Of one that was not heard since the start, or is unknown, it grants nothing and asks for a Report. */
	orders(session: SessionId): Orders {
		const {engine, settings} = this.#options;
		const {state} = engine;
		return this.#sessions.orders(
			state,
			session,
			ref => this.#ends.get(attemptKey(ref)),
			ref => assignmentOf(state, ref, settings.graceMs),
		);
	}

	/** A session that its holder has closed, or whose attempts nobody can answer for: what it ran counts as lost. */
	async endSession(session: SessionId, cause: string): Promise<void> {
		await this.#offer({type: 'session-lost', at: this.#options.clock.now(), session, cause});
	}

	/** Whether an agent was heard from lately, in whichever session. */
	isHeard(agent: string): boolean {
		const heardAt = this.#heardAt.get(agent);
		return heardAt !== undefined && this.#options.clock.monotonic() - heardAt <= this.#options.settings.silentMs;
	}

	/** When an agent was last heard from, in whichever session: wall clock. Undefined: not since the orchestrator started. */
	lastSeenAt(agent: string): number | undefined {
		return this.#seenAt.get(agent);
	}

	/** Whether the agent is known to have taken this attempt. */
	holds(session: SessionId, ref: AttemptRef): boolean {
		return this.#sessions.holds(session, ref);
	}

	/** Sends every reply that is held back, takes no more Reports, and no more leases for lost. */
	close(): void {
		this.#closed = true;
		this.#cancelTimer();
		this.#cancelSubscription();
		for (const release of this.#held.values()) release();
	}

	async #offer(event: Event): Promise<void> {
		// Refused when it has come about already; fails only when the engine stops.
		await this.#options.engine.offer(event).catch(() => undefined);
	}

	#inTurn<Result>(session: SessionId, task: () => Promise<Result>): Promise<Result> {
		const turn = (this.#turns.get(session) ?? Promise.resolve()).then(task, task);
		this.#turns.set(session, turn);
		const forget = () => {
			if (this.#turns.get(session) === turn) this.#turns.delete(session);
		};
		turn.then(forget, forget);
		return turn;
	}

	/** Applies a Report; false when an equal or newer one of its session was applied before. */
	async #receive(agent: string, report: Report, marks: SessionMarks): Promise<boolean> {
		const {engine, clock} = this.#options;
		const {session} = report;
		const leaseMs = engine.state.sessions.get(session)?.leaseMs ?? (await this.#openSession(agent, session, marks));
		if (engine.state.sessions.get(session)?.agent !== agent) {
			throw new ByoaiError('forbidden', `session ${session} is not one of agent ${agent}`);
		}
		this.#hear(agent);
		if (!this.#sessions.hear(report, leaseMs, clock.monotonic())) return false;
		this.#held.get(session)?.();
		await this.#takeLogs(report);
		engine.setRoom(session, this.#sessions.room(engine.state, session));
		await this.#takeOutcomes(report);
		return true;
	}

	#hear(agent: string): void {
		this.#heardAt.set(agent, this.#options.clock.monotonic());
		this.#seenAt.set(agent, this.#options.clock.now());
	}

	async #openSession(agent: string, session: SessionId, marks: SessionMarks): Promise<number> {
		const {engine, clock, settings} = this.#options;
		const isInstance = poolOfInstance(engine.state, agent) !== undefined;
		const leaseMs = isInstance ? settings.instanceLeaseMs : settings.leaseMs;
		// Before the opening is shown, lest it show an agent that nobody has heard.
		if (isInstance || engine.state.agents.has(agent)) this.#hear(agent);
		await engine.submit({type: 'session-opened', at: clock.now(), session, agent, leaseMs, ...marks});
		this.#sessions.open(session, leaseMs, clock.monotonic());
		return leaseMs;
	}

	/** Output comes before the outcome that counts it; what is no longer the session's is not kept. */
	async #takeLogs(report: Report): Promise<void> {
		const {engine, logs} = this.#options;
		const unknown = report.held.filter(ref => isCurrent(engine.state, ref, report.session) && !this.#ends.has(attemptKey(ref)));
		await Promise.all(unknown.map(async ref => this.#ends.set(attemptKey(ref), await logs.end(ref))));
		const kept = report.logs.filter(({ref}) => isCurrent(engine.state, ref, report.session));
		await Promise.all(
			kept.map(async ({ref, offset, chunks}) => {
				this.#ends.set(attemptKey(ref), await logs.append(ref, piecesOf(offset, chunks)));
			}),
		);
	}

	/** An outcome is recorded once all of its output is; a late one is refused by the engine, and so settled. */
	async #takeOutcomes({session, outcomes}: Report): Promise<void> {
		const {engine, clock, logs} = this.#options;
		const due = outcomes.filter(({ref, logBytes}) => {
			return isCurrent(engine.state, ref, session) && (this.#ends.get(attemptKey(ref)) ?? 0) >= logBytes;
		});
		await Promise.all(
			due.map(async ({ref, outcome, logBytes}) => {
				await engine.offer({type: 'attempt-finished', at: clock.now(), ref, session, outcome, logBytes});
				this.#ends.delete(attemptKey(ref));
				await logs.release(ref);
			}),
		);
	}

	#hold(session: SessionId, ms: number): Promise<void> {
		return new Promise(resolve => {
			const release = () => {
				if (this.#held.get(session) === release) this.#held.delete(session);
				cancel();
				resolve();
			};
			const cancel = this.#options.clock.after(ms, release);
			this.#held.set(session, release);
		});
	}

	#watchLeases(): void {
		const {engine, clock, settings} = this.#options;
		const now = clock.monotonic();
		for (const session of this.#sessions.expired(now)) void this.#inTurn(session, () => this.#lose(session));
		for (const session of engine.rooms.keys()) {
			if (now - (this.#sessions.heardAt(session) ?? 0) > settings.silentMs) engine.setRoom(session, undefined);
		}
		this.#cancelTimer = clock.after(expiryCheckMs, () => this.#watchLeases());
	}

	/** In its turn: a Report taken before renews the lease, and one that comes now is answered when the loss is durable, not with a lease. */
	async #lose(session: SessionId): Promise<void> {
		const {engine, clock} = this.#options;
		const {agent} = engine.state.sessions.get(session) ?? {};
		// An image agent lives in this process, and was away for as long as whoever waited for it: what it runs is found by name.
		if (agent === undefined || isImageAgent(agent) || !this.#sessions.isExpired(session, clock.monotonic())) return;
		const cause = `its agent ${agent} was not heard from until its lease ended`;
		const instance = poolOfInstance(engine.state, agent)?.instances.find(({name}) => name === agent);
		if (instance === undefined) return this.endSession(session, cause);
		// An agent that hangs together with its watchdog has ended nothing; that its driver has stopped it is certain.
		if (instance.status !== 'stopping') await this.#offer({type: 'instance-given-up', at: clock.now(), instance: agent, cause});
	}
}
