import {ByoaiError, messageOf} from '../model/error.ts';
import type {SessionId} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {Orders, Report} from '../protocol/messages.ts';
import type {Link, LinkOptions} from './link.ts';
import {saysSomething} from './sessions.ts';

/** Between two dials of which nothing came. */
const pauseMs = 100;
/** Waits after failures: doubled each time. */
const shortestRetryMs = 250;
const longestRetryMs = 5000;
/** One dial waits at the agent, and one goes out beside it with news. */
const dialsForNews = 2;
/** A dial that is not answered gives way when a beat makes it one too many: so the time for an answer is bounded. */
const mostDials = 3;
/** Failures in a row from which on they are told: one may pass unsaid, as when the agent was just started again. */
const toldFailures = 2;

type Flight = {readonly number: number; readonly abort: AbortController};

/**
 * The exchange as the orchestrator dials it: Orders go out, and a Report comes back, which the agent may hold. One dial always waits at
 * the agent; another goes out beside it when there is news or its time has come, and frees it.
 */
export class Dial implements Link {
	readonly #options: LinkOptions;
	/** Under way, the oldest first. */
	readonly #flights = new Set<Flight>();
	/** The newest Report that was taken. */
	#heard: {readonly session: SessionId; readonly number: number} | undefined;
	/** Number of the newest dial. */
	#newest = 0;
	#hasNews = false;
	/** What the newest dial said: said once more, it has to wait. */
	#said = '';
	#failures = 0;
	#retired = false;
	#closed = false;
	#cancelBeat: () => void = () => undefined;

	constructor(options: LinkOptions) {
		this.#options = options;
	}

	get session(): SessionId | undefined {
		return this.#heard?.session;
	}

	start(): void {
		this.#beat();
	}

	sendOrders(session: SessionId): void {
		if (session === this.session) this.#tell();
	}

	retire(): void {
		this.#retired = true;
		if (this.session !== undefined) this.#options.engine.setRoom(this.session, undefined);
	}

	close(): void {
		this.#closed = true;
		this.#cancelBeat();
		for (const {abort} of this.#flights) abort.abort();
		this.#flights.clear();
	}

	#beat(): void {
		const {clock, beatMs, random} = this.#options;
		this.#cancelBeat = clock.after(beatMs * (1 - random() / 4), () => this.#beat());
		const [oldest] = this.#flights;
		if (oldest !== undefined && this.#flights.size >= mostDials) {
			oldest.abort.abort();
			const seconds = (mostDials * beatMs) / 1000;
			this.#failed(oldest, new ByoaiError('unavailable', `no answer within ${seconds} s`, {retryable: true}));
		}
		this.#dial();
	}

	/** There is news for the agent: now, or as soon as one of the dials under way has come back. */
	#tell(): void {
		if (this.#flights.size >= dialsForNews) this.#hasNews = true;
		else this.#dial();
	}

	#dial(): void {
		if (this.#closed) return;
		const {calls, address} = this.#options;
		const flight = {number: ++this.#newest, abort: new AbortController()};
		this.#flights.add(flight);
		this.#hasNews = false;
		const orders = this.#options.exchanges.orders(this.#dialled());
		this.#said = gist(orders);
		calls.exchange(address, orders, flight.abort.signal).then(
			report => this.#take(flight, report),
			(error: unknown) => this.#failed(flight, error),
		);
	}

	/** The session that is spoken to: the newest heard one, else one that an earlier life of the orchestrator has left; '' asks who is there. */
	#dialled(): SessionId {
		const {sessions} = this.#options.engine.state;
		if (this.#heard !== undefined && sessions.has(this.#heard.session)) return this.#heard.session;
		const {name} = this.#options.agent;
		return [...sessions.values()].findLast(({agent, basic}) => agent === name && basic !== true)?.id ?? '';
	}

	#take(flight: Flight, report: Report): void {
		const {exchanges, agent} = this.#options;
		if (this.#closed) return;
		const {session, number} = report;
		const free = this.#retired ? 0 : report.free;
		exchanges.exchange(agent.name, {...report, free, waitMs: 0}).then(
			orders => {
				if (this.#heard?.session !== session || this.#heard.number < number) this.#heard = {session, number};
				this.#landed(flight, saysSomething(orders) ? gist(orders) : '', report.logs.length > 0);
			},
			(error: unknown) => this.#failed(flight, error, true),
		);
	}

	#landed(flight: Flight, gist: string, broughtLogs: boolean): void {
		this.#flights.delete(flight);
		if (this.#closed) return;
		this.#failures = 0;
		this.#options.onTrouble(undefined);
		if (this.#hasNews || broughtLogs || (gist !== '' && gist !== this.#said)) this.#tell();
		else this.#dialLater(flight, pauseMs);
	}

	/** `ours`: the agent's Report could not be taken in, which is no fault of the agent. */
	#failed(flight: Flight, error: unknown, ours = false): void {
		if (!this.#flights.delete(flight) || this.#closed) return;
		const {onTrouble, onStranger, warn} = this.#options;
		if (!(error instanceof ByoaiError)) warn(`the dial of ${this.#options.agent.name} broke: ${String(error)}`);
		this.#failures++;
		if (!ours && error instanceof ByoaiError && error.code === 'not_found') return onStranger();
		const isTold = this.#failures >= toldFailures || (error instanceof ByoaiError && error.code !== 'unavailable');
		if (isTold) onTrouble(messageOf(error));
		this.#dialLater(flight, Math.min(longestRetryMs, shortestRetryMs * 2 ** (this.#failures - 1)));
	}

	/** Unless another dial has gone out since. */
	#dialLater({number}: Flight, ms: number): void {
		this.#options.clock.after(ms, () => number === this.#newest && this.#dial());
	}
}

/** What Orders tell an agent, as one string. */
function gist({start, stop, acknowledged}: Orders): string {
	const list = (refs: Parameters<typeof attemptKey>[0][]) => refs.map(attemptKey).join(' ');
	return [list(start.map(({ref}) => ref)), list([...stop]), list([...acknowledged.outcomes])].join('|');
}
