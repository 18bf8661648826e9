import {ByoaiError} from '../source/model/error.ts';
import type {Report} from '../source/protocol/messages.ts';
import {parseOrders} from '../source/protocol/parse.ts';
import {orchestratorHeader} from '../source/protocol/routes.ts';
import type {Agent, News} from './agent.ts';
import type {Call} from './http.ts';
import type {Lease} from './lease.ts';
import {beatMs, leaseLeftMs} from './lease.ts';
import {now} from './now.ts';

export type DialledOptions = {readonly agent: Agent; readonly say: (message: string) => void};

/** Orders before the first Report may name no lease; who sent them has the agent for so long. */
const firstLeaseMs = 60_000;
/** Of an orchestrator's id at most. */
const idCharacters = 100;
/** Output waits so long for more. */
const outputDelayMs = 50;
/** After Orders that said something there will soon be news; the Report waits for it so long. */
const newsDelayMs = 5;

/**
 * The exchange as the orchestrator dials it: Orders come in, and the reply is a Report, held back while there is nothing to
 * report. A Report is made in the moment in which it goes out, because its lease counts from there.
 */
export class Dialled {
	readonly #options: DialledOptions;
	/** The number of the newest Report. */
	#newest = 0;
	/** Whether something happened since. */
	#news = false;
	/** Sends the reply that is held back. */
	#release: () => void = () => undefined;
	#timer: NodeJS.Timeout | undefined;
	#dueAt = Number.POSITIVE_INFINITY;
	/** Whose Orders count, for as long as it may believe that this agent works for it. */
	#bond: {readonly orchestrator: string; readonly lease: Lease} | undefined;
	#closing = false;
	#onSettled: () => void = () => undefined;

	constructor(options: DialledOptions) {
		this.#options = options;
		options.agent.onNews = news => this.#onNews(news);
	}

	/**
	 * `POST /v1/exchange`. Resolves with a Report; with undefined when the caller hung up. Throws `malformed`, and `conflict`
	 * for a second orchestrator.
	 */
	exchange({body, headers, gone}: Call): Promise<Report | undefined> | Report {
		const {agent} = this.#options;
		const orders = parseOrders(body);
		this.#bind(String(headers[orchestratorHeader] ?? '').slice(0, idCharacters), orders.leaseMs);
		const isNewest = orders.session === agent.session.id && orders.answers > 0 && orders.answers === this.#newest;
		const said = agent.apply(orders);
		if (!agent.session.hasOutcomes) this.#onSettled();
		this.#release();
		if (!isNewest || this.#news || this.#closing || agent.session.hasOutcomes || agent.hasOutput) return this.#report();
		return this.#hold(gone, said ? newsDelayMs : beatMs(agent.session.lease?.leaseMs));
	}

	/** Goes on until all outcomes are settled, `graceMs` at most. */
	async close(graceMs: number): Promise<void> {
		this.#closing = true;
		this.#release();
		if (!this.#options.agent.session.hasOutcomes) return;
		await new Promise<void>(resolve => {
			const timer = setTimeout(resolve, graceMs);
			this.#onSettled = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}

	/** An orchestrator has the agent until it has been silent for its lease: then what ran for it is dead. */
	#bind(orchestrator: string, leaseMs: number): void {
		const time = now();
		const leftMs = this.#bond ? leaseLeftMs(this.#bond.lease, time) : 0;
		if (this.#bond && this.#bond.orchestrator !== orchestrator && leftMs > 0) {
			const message = `this agent works for another orchestrator (${this.#bond.orchestrator || 'one without an id'}), until it has not heard from it for ${Math.ceil(leftMs / 1000)} s more`;
			throw new ByoaiError('conflict', message, {retryable: true});
		}
		if (this.#bond?.orchestrator !== orchestrator)
			this.#options.say(`works for the orchestrator that dials (${orchestrator || 'without an id'})`);
		this.#bond = {orchestrator, lease: {from: time, leaseMs: leaseMs || firstLeaseMs}};
	}

	#onNews(news: News): void {
		this.#news = true;
		if (news === 'output') this.#releaseIn(outputDelayMs);
		else this.#release();
	}

	#hold(gone: AbortSignal, ms: number): Promise<Report | undefined> {
		return new Promise(resolve => {
			this.#release = () => {
				this.#release = () => undefined;
				clearTimeout(this.#timer);
				this.#dueAt = Number.POSITIVE_INFINITY;
				resolve(gone.aborted ? undefined : this.#report());
			};
			this.#releaseIn(ms);
		});
	}

	#releaseIn(ms: number): void {
		const dueAt = performance.now() + ms;
		if (dueAt >= this.#dueAt) return;
		clearTimeout(this.#timer);
		this.#dueAt = dueAt;
		this.#timer = setTimeout(() => {
			this.#dueAt = Number.POSITIVE_INFINITY;
			this.#release();
		}, ms);
	}

	#report(): Report {
		this.#news = false;
		const report = this.#options.agent.report(0);
		this.#newest = report.number;
		return report;
	}
}
