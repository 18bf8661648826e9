import {randomBytes} from 'node:crypto';
import {ByoaiError, messageOf} from '../model/error.ts';
import type {AttemptRef, SessionId} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {Assignment, LogChunk, Orders, Report} from '../protocol/messages.ts';
import type {BasicTaskEnd} from './basic-task.ts';
import {runBasicTask} from './basic-task.ts';
import type {Link, LinkOptions} from './link.ts';

/** Waits after failures: doubled each time. */
const shortestRetryMs = 1000;

/** An attempt that was begun; with its end, until that is settled. */
type Held = {
	readonly ref: AttemptRef;
	readonly abort: AbortController;
	end?: {readonly outcome: Report['outcomes'][number]; readonly chunks: readonly LogChunk[]};
	/** Bytes of its output that the orchestrator has. */
	kept: number;
};

/**
 * The session that the orchestrator holds for a basic agent: it Reports in the agent's place, so that to the scheduler the agent is like any
 * other. The agent is there while it answers `/health`, or has a task: one with a single thread cannot answer while it runs one, and the
 * open connection shows that it lives. When neither holds, the Reports stop, and with them the lease.
 */
export class BasicSession implements Link {
	readonly session: SessionId;
	readonly #options: LinkOptions;
	readonly #held = new Map<string, Held>();
	readonly #ending = new AbortController();
	#number = 0;
	/** Number of the newest Report to which Orders were obeyed. */
	#answered = 0;
	#isThere = true;
	#failures = 0;
	#draining = false;
	#retired = false;
	#cancelCheck: () => void = () => undefined;

	constructor(options: LinkOptions) {
		this.#options = options;
		this.session = options.newSession?.() ?? `basic-${randomBytes(12).toString('hex')}`;
	}

	/** The agent has just answered. */
	start(): void {
		this.#found();
		this.#report();
	}

	sendOrders(): void {
		// The Report that waits is answered by the exchange itself.
	}

	retire(): void {
		this.#retired = true;
		this.#options.engine.setRoom(this.session, undefined);
		this.#report();
	}

	close(): void {
		this.#cancelCheck();
		this.#ending.abort();
		for (const {abort} of this.#held.values()) abort.abort();
	}

	get #running(): number {
		return this.#held.values().reduce((sum, {end}) => sum + (end === undefined ? 1 : 0), 0);
	}

	/** Its open connections show that it lives. */
	get #isAtWork(): boolean {
		return this.#isThere && this.#running > 0;
	}

	#report(): void {
		if (this.#ending.signal.aborted) return;
		const {agent, exchanges, beatMs} = this.#options;
		const held = [...this.#held.values()];
		const takes = this.#isThere && !this.#retired && !this.#draining;
		const number = ++this.#number;
		const report: Report = {
			session: this.session,
			number,
			held: held.map(({ref}) => ref),
			free: takes ? Math.max(0, agent.slots - this.#running) : 0,
			outcomes: held.flatMap(({end}) => end?.outcome ?? []),
			logs: held.flatMap(({ref, end, kept}) => (end && kept < end.outcome.logBytes ? [{ref, offset: 0, chunks: end.chunks}] : [])),
			waitMs: beatMs,
		};
		exchanges.exchange(agent.name, report, {basic: true}).then(
			orders => this.#obey(orders, number),
			(error: unknown) => this.#refused(error, number),
		);
	}

	#obey(orders: Orders, number: number): void {
		if (this.#ending.signal.aborted) return;
		if (orders.answers >= this.#answered) {
			this.#answered = orders.answers;
			this.#draining = orders.drain;
			for (const {ref, offset} of orders.acknowledged.logs) {
				const held = this.#held.get(attemptKey(ref));
				if (held) held.kept = offset;
			}
			for (const ref of orders.acknowledged.outcomes) this.#held.delete(attemptKey(ref));
			for (const ref of orders.stop) this.#stop(ref);
			for (const assignment of orders.start) this.#begin(assignment);
		}
		if (number === this.#number && (this.#isThere || this.#running > 0)) this.#report();
	}

	/** The orchestrator cannot take a Report: it is sent again, for what it says stays true. */
	#refused(error: unknown, number: number): void {
		if (this.#ending.signal.aborted) return;
		const {onTrouble, clock, warn, agent} = this.#options;
		if (!(error instanceof ByoaiError)) warn(`the session of basic agent ${agent.name} broke: ${String(error)}`);
		onTrouble(messageOf(error));
		clock.after(shortestRetryMs, () => number === this.#number && this.#report());
	}

	#begin(assignment: Assignment): void {
		const {ref} = assignment;
		if (this.#held.has(attemptKey(ref))) return;
		const {calls, clock, address} = this.#options;
		const held = this.#hold(ref);
		void runBasicTask({assignment, address, calls, clock, signal: held.abort.signal}).then(end => this.#ended(held, end));
	}

	#hold(ref: AttemptRef): Held {
		const held: Held = {ref, abort: new AbortController(), kept: 0};
		this.#held.set(attemptKey(ref), held);
		return held;
	}

	/** Nothing can be stopped there: what is known is that nobody waits for it any more. */
	#stop(ref: AttemptRef): void {
		const known = this.#held.get(attemptKey(ref));
		if (known?.end !== undefined) return;
		const reason = known === undefined ? 'stopped before it started' : 'the request was given up; the command may still run there';
		const held = known ?? this.#hold(ref);
		held.end = {outcome: {ref, outcome: {status: 'cancelled', reason}, logBytes: 0}, chunks: []};
		held.abort.abort();
	}

	#ended(held: Held, {outcome, output, isBroken}: BasicTaskEnd): void {
		if (this.#ending.signal.aborted || held.end !== undefined) return;
		const {ref} = held;
		const at = this.#options.clock.now();
		const data = output.map(({stream, text}) => ({stream, bytes: Buffer.from(text)}));
		const logBytes = data.reduce((sum, {bytes}) => sum + bytes.length, 0);
		const chunks = data.map(({stream, bytes}) => ({stream, at, data: bytes.toString('base64')}));
		held.end = {outcome: {ref, outcome, logBytes}, chunks};
		if (isBroken) this.#missing(outcome.reason ?? '');
		else this.#found();
		this.#report();
	}

	/** It answered, by whichever call. */
	#found(): void {
		const {onTrouble, beatMs} = this.#options;
		this.#isThere = true;
		this.#failures = 0;
		onTrouble(undefined);
		this.#checkLater(beatMs);
	}

	/** It did not answer: it gets nothing more to run until it does. */
	#missing(problem: string): void {
		const {engine, onTrouble, beatMs} = this.#options;
		this.#isThere = false;
		this.#failures++;
		engine.setRoom(this.session, undefined);
		onTrouble(problem);
		this.#checkLater(Math.min(beatMs, shortestRetryMs * 2 ** (this.#failures - 1)));
	}

	#checkLater(ms: number): void {
		const {clock, random} = this.#options;
		this.#cancelCheck();
		this.#cancelCheck = clock.after(ms * (1 - random() / 4), () => void this.#check());
	}

	async #check(): Promise<void> {
		const {health, address, onStranger, beatMs} = this.#options;
		// Asked in vain while it is at work, a single-threaded agent would find the questions of hours when it is done.
		if (this.#isAtWork) return this.#checkLater(beatMs);
		try {
			const {speech} = await health.ask(address, this.#ending.signal);
			if (this.#ending.signal.aborted) return;
			if (speech === 'exchange' && this.#held.size === 0) return onStranger();
			const wasThere = this.#isThere;
			this.#found();
			if (!wasThere) this.#report();
		} catch (error) {
			if (this.#ending.signal.aborted) return;
			// A task that it was given meanwhile came before the question.
			if (this.#isAtWork) this.#checkLater(beatMs);
			else this.#missing(messageOf(error));
		}
	}
}
