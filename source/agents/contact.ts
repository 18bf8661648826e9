import type {ContactVitals} from '../engine/rows.ts';
import type {RegisteredAgent} from '../model/agent.ts';
import type {SessionId} from '../model/ids.ts';
import {BasicSession} from './basic-session.ts';
import type {Address, Speech} from './calls.ts';
import {Dial} from './dial.ts';
import type {ContactParts, Link} from './link.ts';

/** Waits after failures: doubled each time. */
const shortestRetryMs = 1000;
const longestRetryMs = 5000;

/** One agent that is dialled, as it was registered: asked for its health until it answers, then spoken to as its answer says. */
export class Contact {
	readonly #parts: ContactParts;
	readonly #address: Address;
	readonly #ending = new AbortController();
	#agent: RegisteredAgent;
	#retired = false;
	#link: Link | undefined;
	#isStarting = true;
	#problem: string | undefined;
	/** As the agent says. */
	#slots: number | undefined;
	#failures = 0;
	#cancelRetry: () => void = () => undefined;

	constructor(agent: RegisteredAgent & {readonly url: string}, parts: ContactParts) {
		this.#agent = agent;
		this.#parts = parts;
		this.#address = {agent: agent.name, url: agent.url};
	}

	/** The registration that it follows. */
	get agent(): RegisteredAgent {
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
	renew(agent: RegisteredAgent): void {
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
			const {speech, slots} = await this.#parts.health.ask(this.#address, this.#ending.signal, {first});
			this.#slots = slots;
			if (!this.#ending.signal.aborted && this.#link === undefined) this.#speak(speech);
		} catch (error) {
			if (this.#ending.signal.aborted || this.#link !== undefined) return;
			this.#problem = error instanceof Error ? error.message : String(error);
			this.#askLater();
		}
	}

	#askLater(): void {
		const {clock, random} = this.#parts;
		const ms = Math.min(longestRetryMs, shortestRetryMs * 2 ** this.#failures++);
		this.#cancelRetry();
		this.#cancelRetry = clock.after(ms * (1 - random() / 4), () => void this.#ask(false));
	}

	#speak(speech: Speech): void {
		this.#isStarting = false;
		this.#cancelRetry();
		const options = {
			...this.#parts,
			agent: this.#agent,
			address: this.#address,
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
