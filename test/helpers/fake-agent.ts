import {setTimeout as sleep} from 'node:timers/promises';
import type {Exchanges} from '../../source/agents/exchange.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {AttemptRef} from '../../source/model/ids.ts';
import {attemptKey} from '../../source/model/ids.ts';
import type {Outcome} from '../../source/model/run.ts';
import type {Assignment, LogChunk, LogStream, Orders, Report, ReportedOutcome} from '../../source/protocol/messages.ts';

/** What a task of the test does, instead of its command. `stop` is aborted when it is to end; `agent` runs it. */
export type Work = (
	assignment: Assignment,
	print: (text: string | Uint8Array, stream?: LogStream) => Promise<void>,
	stop: AbortSignal,
	agent: string,
) => Promise<Outcome>;

type Held = {
	readonly ref: AttemptRef;
	readonly stop: AbortController;
	/** Output that is not acknowledged yet, and where it begins. */
	chunks: LogChunk[];
	offset: number;
	bytes: number;
	outcome: ReportedOutcome | undefined;
};

export type FakeAgentOptions = {
	readonly name: string;
	readonly slots: number;
	/** Whom it reports to now; nobody while the orchestrator is away. */
	readonly exchanges: () => Exchanges | undefined;
	readonly work: Work;
};

/** Errors after which trying again does not help: nobody wants this agent any more. */
const final: ReadonlySet<string> = new Set(['not_found', 'conflict', 'forbidden']);
const retryMs = 5;

/** An agent that keeps its side of the agent protocol by calling the exchange; its tasks are functions of the test. */
export class FakeAgent {
	readonly #options: FakeAgentOptions;
	readonly #session: string;
	readonly #held = new Map<string, Held>();
	#number = 0;
	#closed = false;

	constructor(options: FakeAgentOptions) {
		this.#options = options;
		this.#session = `${options.name}-${Math.random().toString(36).slice(2)}`;
	}

	start(): void {
		void this.#report(0);
	}

	/** Goes silent, as if it had been killed. */
	close(): void {
		this.#closed = true;
		for (const {stop} of this.#held.values()) stop.abort();
	}

	/** Sends a Report, obeys the Orders, and goes on with the next one unless that is under way already. */
	async #report(waitMs: number): Promise<void> {
		if (this.#closed) return;
		const number = ++this.#number;
		const held = [...this.#held.values()];
		const report: Report = {
			session: this.#session,
			number,
			held: held.map(({ref}) => ref),
			free: this.#options.slots - held.length,
			outcomes: held.flatMap(({outcome}) => outcome ?? []),
			logs: held.flatMap(({ref, offset, chunks}) => (chunks.length === 0 ? [] : [{ref, offset, chunks: [...chunks]}])),
			waitMs,
		};
		try {
			const orders = await this.#options.exchanges()?.exchange(this.#options.name, report);
			if (orders !== undefined) this.#obey(orders);
			if (orders === undefined) await sleep(retryMs);
			if (number === this.#number) void this.#report(10_000);
		} catch (error) {
			if (!(error instanceof ByoaiError)) throw error;
			if (final.has(error.code)) return this.close();
			await sleep(retryMs);
			if (number === this.#number) void this.#report(0);
		}
	}

	#obey({start, stop, acknowledged}: Orders): void {
		for (const {ref, offset} of acknowledged.logs) this.#acknowledge(attemptKey(ref), offset);
		for (const ref of acknowledged.outcomes) this.#held.delete(attemptKey(ref));
		for (const ref of stop) {
			const held = this.#held.get(attemptKey(ref));
			if (held !== undefined) held.stop.abort();
			else this.#hold(ref).outcome = {ref, outcome: {status: 'cancelled'}, logBytes: 0};
		}
		for (const assignment of start) if (!this.#held.has(attemptKey(assignment.ref))) void this.#work(assignment);
	}

	#acknowledge(key: string, offset: number): void {
		const held = this.#held.get(key);
		while (held?.chunks[0] !== undefined && held.offset < offset) {
			held.offset += Buffer.from(held.chunks[0].data, 'base64').length;
			held.chunks.shift();
		}
	}

	#hold(ref: AttemptRef): Held {
		const held: Held = {ref, stop: new AbortController(), chunks: [], offset: 0, bytes: 0, outcome: undefined};
		this.#held.set(attemptKey(ref), held);
		return held;
	}

	async #work(assignment: Assignment): Promise<void> {
		const {ref} = assignment;
		const held = this.#hold(ref);
		const print = async (text: string | Uint8Array, stream: LogStream = 'stdout') => {
			const data = Buffer.from(text as string);
			held.chunks.push({stream, at: 1000 + held.bytes, data: data.toString('base64')});
			held.bytes += data.length;
			await this.#report(0);
		};
		const outcome = await this.#options.work(assignment, print, held.stop.signal, this.#options.name);
		held.outcome = {ref, outcome, logBytes: held.bytes};
		await this.#report(0);
	}
}
