import type {ContactVitals} from '../engine/rows.ts';
import {messageOf} from '../model/error.ts';
import type {SessionId} from '../model/ids.ts';
import {BasicSession} from './basic-session.ts';
import type {Address, Speech} from './calls.ts';
import {Dial} from './dial.ts';
import type {ContactParts, DialledAgent, Link} from './link.ts';

/** The longest wait after a failure; each is twice the one before. */
const longestRetryMs = 5000;

export type ContactOptions<Agent extends DialledAgent> = {
	readonly agent: Agent;
	/** Where it is dialled, as far as that is known at that moment. */
	readonly locate: () => Promise<Address>;
	/** After the first failure. */
	readonly shortestRetryMs: number;
	/** So many failures at first are no trouble: what has only just begun takes a moment to answer. */
	readonly quietFailures: number;
};

/** One agent that is dialled: asked for its health until it answers, then spoken to as its answer says. */
export class Contact<Agent extends DialledAgent> {
	readonly #parts: ContactParts;
	readonly #options: ContactOptions<Agent>;
	readonly #ending = new AbortController();
	#agent: Agent;
	#retired = false;
	#link: Link | undefined;
	#isStarting = true;
	#problem: string | undefined;
	/** As the agent says. */
	#slots: number | undefined;
	#failures = 0;
	#cancelRetry: () => void = () => undefined;

	constructor(options: ContactOptions<Agent>, parts: ContactParts) {
		this.#agent = options.agent;
		this.#options = options;
		this.#parts = parts;
	}

	/** What it follows: a registration, or an instance. */
	get agent(): Agent {
		return this.#agent;
	}

	get vitals(): ContactVitals {
		return {
			isStarting: this.#isStarting,
			...(this.#problem !== undefined && {problem: this.#problem}),
			...(this.#slots !== undefined && {slots: this.#slots}),
		};
	}

	/** The agent's newest session, as far as this contact has one. */
	get session(): SessionId | undefined {
		return this.#link?.session;
	}

	start(): void {
		void this.#ask(true);
	}

	/** A newer registration that changes nothing for the contact. Who registers again is there: a wait for its answer is over. */
	renew(agent: Agent): void {
		const isNew = agent.registeredAt !== this.#agent.registeredAt;
		this.#agent = agent;
		if (isNew && this.#link === undefined && this.#failures > 0) void this.#ask(true);
	}

	sendOrders(session: SessionId): void {
		this.#link?.sendOrders(session);
	}

	/** Takes no new work from now on, and goes on with what the agent has. */
	retire(): void {
		this.#retired = true;
		if (this.#link === undefined) this.close();
		else this.#link.retire();
	}

	/** Says nothing more, and gives up what is under way. */
	close(): void {
		this.#ending.abort();
		this.#cancelRetry();
		this.#link?.close();
		this.#link = undefined;
	}

	async #ask(first: boolean): Promise<void> {
		this.#cancelRetry();
		try {
			const address = await this.#options.locate();
			const {speech, slots} = await this.#parts.health.ask(address, this.#ending.signal, {first});
			this.#slots = slots;
			if (!this.#ending.signal.aborted && this.#link === undefined) this.#speak(speech, address);
		} catch (error) {
			if (this.#ending.signal.aborted || this.#link !== undefined) return;
			const isQuiet = this.#isStarting && this.#failures < this.#options.quietFailures;
			if (!isQuiet) this.#problem = messageOf(error);
			this.#askLater();
		}
	}

	#askLater(): void {
		const {clock, random} = this.#parts;
		const ms = Math.min(longestRetryMs, this.#options.shortestRetryMs * 2 ** this.#failures++);
		this.#cancelRetry();
		this.#cancelRetry = clock.after(ms * (1 - random() / 4), () => void this.#ask(false));
	}

	#speak(speech: Speech, address: Address): void {
		this.#isStarting = false;
		this.#problem = undefined;
		this.#cancelRetry();
		const options = {
			...this.#parts,
			agent: this.#agent,
			address,
			onTrouble: (problem: string | undefined) => {
				this.#problem = problem;
				if (problem === undefined) this.#failures = 0;
			},
			onStranger: () => this.#askAnew(speech),
		};
		this.#link = speech === 'exchange' ? new Dial(options) : new BasicSession(options);
		this.#link.start();
	}

	/** What it held as a basic agent ends here; what it held by exchanges may still run, and has its lease. */
	#askAnew(speech: Speech): void {
		const {session} = this;
		if (this.#retired) return this.close();
		this.#link?.close();
		this.#link = undefined;
		if (speech === 'exchange') this.#problem = 'it does not know the agent protocol any more: asking it anew';
		else if (session !== undefined) void this.#parts.exchanges.endSession(session, 'the agent speaks the agent protocol now');
		this.#askLater();
	}
}
