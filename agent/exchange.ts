import {ByoaiError} from '../source/model/error.ts';
import type {Orders} from '../source/protocol/messages.ts';
import type {Agent, News} from './agent.ts';
import {beatMs} from './lease.ts';
import type {Orchestrator, Registration} from './orchestrator.ts';

export type ExchangeOptions = {
	readonly agent: Agent;
	readonly orchestrator: Orchestrator;
	/** Sent before the first exchange, and when the orchestrator does not know the agent any more. Absent: it never registers. */
	readonly registration?: Registration;
	/** Called whenever the orchestrator took a Report: it knows this agent and its session. */
	readonly onHeard?: () => void;
	readonly say: (message: string) => void;
};

/** How long the orchestrator may hold its answer. */
const waitMs = 10_000;
/** Output waits so long for more. */
const outputDelayMs = 50;
/** A Report that brings news is answered at once; for so long its answer is waited for before the next goes out. */
const answerMs = 15;
/** After Orders that said something there will soon be news; the next Report waits for it so long. */
const newsDelayMs = 5;
/** Between two Reports that nothing came of. */
const idleGapMs = 100;
/** Waits after failures: doubled each time, with up to half of it by chance, so that agents do not come back in step. */
const shortestRetryMs = 200;
const longestRetryMs = 5000;
/** An orchestrator on the same host costs next to nothing to ask, and its tasks' output waits. */
const longestLocalRetryMs = 500;

/** No trouble when it happens once: a connection broke, or two Reports met at the opening of the session. */
const mayPass: ReadonlySet<string> = new Set(['unavailable', 'conflict']);

type Flight = {readonly sentAt: number; readonly bringsNews: boolean};

/**
 * The exchange as the agent dials it: one Report always waits at the orchestrator; another goes out beside it when there is
 * news or its time has come, and frees it.
 */
export class Exchange {
	readonly #options: ExchangeOptions;
	readonly #flights = new Set<Flight>();
	#news = false;
	#timer: NodeJS.Timeout | undefined;
	#dueAt = Number.POSITIVE_INFINITY;
	#beat: NodeJS.Timeout | undefined;
	#known: boolean;
	#failures = 0;
	/** What was said of the last failure: it is said once. */
	#trouble: string | undefined;
	#heardAt = performance.now();
	#wasHeard = false;
	#closed = false;
	#onSettled: () => void = () => undefined;

	constructor(options: ExchangeOptions) {
		this.#options = options;
		this.#known = options.registration === undefined;
		options.agent.onNews = news => this.#onNews(news);
	}

	start(): void {
		this.#schedule(0);
	}

	/** Since when the orchestrator was not heard from, milliseconds. */
	get silentMs(): number {
		return performance.now() - this.#heardAt;
	}

	/** Goes on until all outcomes are settled, `graceMs` at most, and ends. */
	async close(graceMs: number): Promise<void> {
		const {agent, orchestrator} = this.#options;
		if (agent.session.hasOutcomes) {
			let timer: NodeJS.Timeout | undefined;
			const settled = new Promise<void>(resolve => {
				this.#onSettled = resolve;
				timer = setTimeout(resolve, graceMs);
			});
			this.#failures = 0;
			this.#schedule(0);
			await settled;
			clearTimeout(timer);
		}
		this.#closed = true;
		clearTimeout(this.#timer);
		clearTimeout(this.#beat);
		orchestrator.close();
	}

	#onNews(news: News): void {
		this.#news = true;
		if (this.#failures === 0) this.#schedule(news === 'outcome' ? 0 : outputDelayMs);
	}

	#schedule(delayMs: number): void {
		const dueAt = performance.now() + delayMs;
		if (this.#closed || dueAt >= this.#dueAt) return;
		clearTimeout(this.#timer);
		this.#dueAt = dueAt;
		this.#timer = setTimeout(() => this.#due(), delayMs);
	}

	#due(): void {
		this.#dueAt = Number.POSITIVE_INFINITY;
		if (this.#flights.size >= 2) return; // the next answer comes back to it
		const last = [...this.#flights].at(-1);
		const leftMs = last?.bringsNews ? last.sentAt + answerMs - performance.now() : 0;
		if (leftMs > 0) return this.#schedule(leftMs);
		const {registration} = this.#options;
		if (this.#known || !registration) this.#send();
		else this.#register(registration);
	}

	#register(registration: Registration): void {
		const {orchestrator, say} = this.#options;
		const flight = this.#takeOff(true);
		orchestrator.register(registration).then(
			() => {
				this.#known = true;
				this.#landed(flight);
				say(`registered at ${orchestrator.url} as ${registration.name}`);
				this.#schedule(0);
			},
			(error: unknown) => this.#failed(flight, error),
		);
	}

	#send(): void {
		const {agent, orchestrator} = this.#options;
		this.#news = false;
		const report = agent.report(waitMs);
		const flight = this.#takeOff(report.outcomes.length + report.logs.length > 0);
		this.#armBeat();
		orchestrator.exchange(report).then(
			orders => this.#answered(flight, orders),
			(error: unknown) => this.#failed(flight, error),
		);
	}

	#armBeat(): void {
		const {lease} = this.#options.agent.session;
		clearTimeout(this.#beat);
		this.#beat = setTimeout(() => {
			this.#armBeat(); // also when no Report can go out, because two are on their way
			this.#schedule(0);
		}, beatMs(lease?.leaseMs));
	}

	#answered(flight: Flight, orders: Orders): void {
		if (this.#closed) return;
		this.#landed(flight);
		const {agent} = this.#options;
		const said = agent.apply(orders);
		if (agent.session.lease) this.#options.onHeard?.();
		if (!agent.session.hasOutcomes) this.#onSettled();
		if (this.#news || (said && agent.hasOutput)) this.#schedule(0);
		else if (said) this.#schedule(newsDelayMs);
		else if (this.#flights.size === 0) this.#schedule(Math.max(0, flight.sentAt + idleGapMs - performance.now()));
	}

	#takeOff(bringsNews: boolean): Flight {
		const flight = {sentAt: performance.now(), bringsNews};
		this.#flights.add(flight);
		return flight;
	}

	#landed(flight: Flight): void {
		this.#flights.delete(flight);
		this.#heardAt = performance.now();
		this.#failures = 0;
		if (this.#trouble !== undefined) this.#options.say(`connected to ${this.#options.orchestrator.url}${this.#wasHeard ? ' again' : ''}`);
		this.#trouble = undefined;
		this.#wasHeard = true;
	}

	#failed(flight: Flight, error: unknown): void {
		this.#flights.delete(flight);
		if (this.#closed) return;
		if (!(error instanceof ByoaiError)) throw error;
		this.#failures += 1;
		if (error.code === 'not_found') this.#known = false;
		this.#tell(error);
		clearTimeout(this.#beat);
		clearTimeout(this.#timer);
		this.#dueAt = Number.POSITIVE_INFINITY;
		// After 401 and 403 a person has to do something first.
		const refused = error.code === 'unauthorized' || error.code === 'forbidden';
		const mostMs = this.#options.orchestrator.isLocal ? longestLocalRetryMs : longestRetryMs;
		const retryMs = refused ? longestRetryMs : Math.min(mostMs, shortestRetryMs * 2 ** (this.#failures - 1));
		this.#schedule(retryMs * (0.5 + Math.random() / 2));
	}

	/** An orchestrator that stays away is mentioned once, like its return. */
	#tell({code, message}: ByoaiError): void {
		if (this.#trouble === code || (mayPass.has(code) && this.#failures === 1)) return;
		this.#trouble = code;
		const {agent, orchestrator, registration, say} = this.#options;
		const refused = 'the orchestrator refuses what this agent says of itself: trying again';
		const meanings: Partial<Record<ByoaiError['code'], string>> = {
			unauthorized: 'the orchestrator asks for a token: set BYOAI_TOKEN',
			forbidden: 'the orchestrator refuses this token: check BYOAI_TOKEN',
			not_found: `the orchestrator does not know this agent${registration ? ': registering again' : ''}`,
			malformed: 'the orchestrator answers what cannot be read: trying again',
			conflict: refused,
			invalid: refused,
			too_large: refused,
			limit: 'the orchestrator takes no more at the moment: trying again',
		};
		const goingOn = `the orchestrator cannot be reached: trying again, ${stillRunning(agent.session.live().length)}`;
		say(`${meanings[code] ?? goingOn} (${orchestrator.url}: ${message})`);
	}
}

function stillRunning(attempts: number): string {
	return attempts === 1 ? '1 attempt goes on' : `${attempts || 'no'} attempts go on`;
}
