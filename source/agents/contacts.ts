import type {ContactVitals} from '../engine/rows.ts';
import type {RegisteredAgent} from '../model/agent.ts';
import type {SessionId} from '../model/ids.ts';
import type {State} from '../scheduler/state.ts';
import {Contact} from './contact.ts';
import {HealthChecks} from './health-checks.ts';
import type {Reach} from './instance-contacts.ts';
import {InstanceContacts} from './instance-contacts.ts';
import type {ContactParts} from './link.ts';

export type ContactsOptions = Omit<ContactParts, 'health' | 'beatMs' | 'random'> & {
	/** Where the agents of instances are dialled; absent: they all dial by themselves. */
	readonly reach?: Reach;
	/** An agent that is there is heard from a few times in each of these. */
	readonly leaseMs: number;
	readonly silentMs: number;
	/** So many agents are asked for their health at once. */
	readonly healthChecks: number;
	readonly random?: () => number;
};

const longestBeatMs = 5000;
/** Between asking a registered agent for its health and asking again, at first. */
const shortestRetryMs = 1000;

/** The contacts with all agents that are dialled: they follow the registrations, and begin anew with each start of the orchestrator. */
export class Contacts {
	readonly #parts: ContactParts;
	readonly #instances: InstanceContacts;
	readonly #current = new Map<string, Contact<RegisteredAgent>>();
	/** Contacts of registrations that do not hold any more, whose agents still have work. */
	readonly #retired = new Set<Contact<RegisteredAgent>>();
	readonly #cancelSubscriptions: Array<() => void> = [];
	#cancelTimer: () => void = () => undefined;

	constructor(options: ContactsOptions) {
		const {leaseMs, silentMs, healthChecks: most, random = Math.random, calls, clock} = options;
		const beatMs = Math.min(longestBeatMs, leaseMs / 5, silentMs / 3);
		this.#parts = {...options, beatMs, random, health: new HealthChecks({calls, clock, most})};
		this.#instances = new InstanceContacts(this.#parts, options.reach ?? (() => undefined));
	}

	/** Takes up contact with every agent of the state that is dialled, and from now on with those that register. */
	start(): void {
		const {engine, exchanges} = this.#parts;
		this.#cancelSubscriptions.push(
			engine.subscribe(({before, after}) => {
				if (before.agents !== after.agents) this.#follow(after.agents);
				if (before.pools !== after.pools) this.#instances.follow(after.pools);
				if (before.sessions !== after.sessions) this.#dismiss();
			}),
			exchanges.subscribe(session => this.#sendOrders(session)),
		);
		this.#follow(engine.state.agents);
		this.#instances.follow(engine.state.pools);
	}

	/** What is seen of an agent that is dialled; undefined of all others. */
	vitals(agent: string): ContactVitals | undefined {
		return (this.#current.get(agent) ?? this.#instances.get(agent))?.vitals;
	}

	/** Gives up all that is under way. What agents have goes on there as far as they can alone. */
	close(): void {
		this.#cancelTimer();
		for (const cancel of this.#cancelSubscriptions) cancel();
		for (const contact of [...this.#current.values(), ...this.#retired]) contact.close();
		this.#instances.close();
	}

	#follow(agents: State['agents']): void {
		for (const [name, contact] of this.#current) {
			const agent = agents.get(name);
			if (agent === contact.agent) continue;
			if (agent !== undefined && isSameContact(agent, contact.agent)) {
				contact.renew(agent);
				continue;
			}
			this.#current.delete(name);
			if (agent === undefined) contact.close();
			else this.#retire(contact);
		}
		for (const contact of this.#retired) if (!agents.has(contact.agent.name)) this.#forget(contact);
		for (const agent of agents.values()) if (isDialled(agent) && !this.#current.has(agent.name)) this.#take(agent);
	}

	#take(agent: RegisteredAgent & {readonly url: string}): void {
		const {name, url} = agent;
		const contact = new Contact<RegisteredAgent>(
			{agent, shortestRetryMs, quietFailures: 0, locate: () => Promise.resolve({agent: name, url})},
			this.#parts,
		);
		this.#current.set(agent.name, contact);
		contact.start();
	}

	#retire(contact: Contact<RegisteredAgent>): void {
		contact.retire();
		this.#retired.add(contact);
		this.#dismissLater();
	}

	#dismissLater(): void {
		const {clock, beatMs} = this.#parts;
		this.#cancelTimer();
		this.#cancelTimer = clock.after(beatMs, () => this.#dismiss());
	}

	/** Lets go of retired contacts whose agents have nothing more to do, or that the newer registration reaches as well. */
	#dismiss(): void {
		if (this.#retired.size === 0) return;
		const {engine, exchanges} = this.#parts;
		for (const contact of this.#retired) {
			const {session} = contact;
			const state = session === undefined ? undefined : engine.state.sessions.get(session);
			const isTaken = session !== undefined && this.#current.get(contact.agent.name)?.session === session;
			if (state !== undefined && state.assigned.length > 0 && !isTaken) continue;
			this.#forget(contact);
			if (state !== undefined && !isTaken)
				void exchanges.endSession(state.id, 'the agent was registered anew, and this session had nothing more to do');
		}
		if (this.#retired.size > 0) this.#dismissLater();
	}

	#forget(contact: Contact<RegisteredAgent>): void {
		this.#retired.delete(contact);
		contact.close();
	}

	#sendOrders(session: SessionId): void {
		const agent = this.#parts.engine.state.sessions.get(session)?.agent;
		if (agent === undefined) return;
		(this.#current.get(agent) ?? this.#instances.get(agent))?.sendOrders(session);
		for (const contact of this.#retired) contact.sendOrders(session);
	}
}

function isDialled(agent: RegisteredAgent): agent is RegisteredAgent & {readonly url: string} {
	return agent.mode === 'push' && agent.url !== undefined;
}

/** Whether a newer registration leaves the contact as it is. */
function isSameContact(a: RegisteredAgent, b: RegisteredAgent): boolean {
	return a.mode === b.mode && a.url === b.url && a.slots === b.slots;
}
