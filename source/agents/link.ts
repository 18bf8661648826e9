import type {Clock} from '../engine/clock.ts';
import type {Engine} from '../engine/engine.ts';
import type {RegisteredAgent} from '../model/agent.ts';
import type {SessionId} from '../model/ids.ts';
import type {Address, AgentCalls} from './calls.ts';
import type {Exchanges} from './exchange.ts';
import type {HealthChecks} from './health-checks.ts';

/** What the contact with an agent needs, whatever the agent speaks. */
export type ContactParts = {
	readonly engine: Engine;
	readonly exchanges: Exchanges;
	readonly calls: AgentCalls;
	readonly clock: Clock;
	readonly health: HealthChecks;
	/** A Report is asked for, or an agent asked for its health, at least so often while it is there. */
	readonly beatMs: number;
	/** From 0 to 1, by chance: so that agents are not called in step. */
	readonly random: () => number;
	/** Makes the id of a session that is held here, unlike any other; absent: by chance. */
	readonly newSession?: () => SessionId;
	/** Diagnostics of what must not be. */
	readonly warn: (message: string) => void;
};

/** An agent that is dialled, whoever brought it here. */
export type DialledAgent = Pick<RegisteredAgent, 'name' | 'slots' | 'registeredAt'>;

export type LinkOptions = ContactParts & {
	readonly agent: DialledAgent;
	readonly address: Address;
	/** Why the agent cannot be used at the moment, in words; undefined: it can. */
	readonly onTrouble: (problem: string | undefined) => void;
	/** It does not speak any more as it did: it is to be asked anew. */
	readonly onStranger: () => void;
};

/** How an agent is spoken to once it has answered: by exchanges, or as a basic agent. */
export type Link = {
	/** The agent's newest session; undefined before the first. */
	readonly session: SessionId | undefined;
	start(): void;
	/** There is something new to say to this session. */
	sendOrders(session: SessionId): void;
	/** Takes no new work from now on, and goes on with what it has. */
	retire(): void;
	/** Says nothing more, and gives up what is under way. */
	close(): void;
};
