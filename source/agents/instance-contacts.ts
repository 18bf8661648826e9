import type {Instance, Pool} from '../model/agent.ts';
import {ByoaiError} from '../model/error.ts';
import type {Handle} from '../model/instance.ts';
import type {AgentSpec} from '../model/workflow.ts';
import type {Address} from './calls.ts';
import {Contact} from './contact.ts';
import type {ContactParts, DialledAgent} from './link.ts';

/** What is reached: the agent in an instance. */
export type Reached = {readonly name: string; readonly agent: AgentSpec; readonly directory: string; readonly handle: Handle};

/** Where the agent of an instance is dialled, as it is now; undefined: it dials by itself. */
export type Reach = (instance: Reached) => Promise<Address> | undefined;

/** An agent in an instance takes but a moment to come up. */
const shortestRetryMs = 50;
/** Which are some three seconds. */
const quietFailures = 6;

type InstanceContact = {readonly contact: Contact<DialledAgent>; readonly handle: Handle};

/** The contacts with agents in instances that are dialled: from the start of each to its end, which its driver tells. */
export class InstanceContacts {
	readonly #parts: ContactParts;
	readonly #reach: Reach;
	readonly #contacts = new Map<string, InstanceContact>();

	constructor(parts: ContactParts, reach: Reach) {
		this.#parts = parts;
		this.#reach = reach;
	}

	get(agent: string): Contact<DialledAgent> | undefined {
		return this.#contacts.get(agent)?.contact;
	}

	/** Takes up what is new, and gives up what is gone. An instance that is being stopped still has outcomes to tell. */
	follow(pools: Readonly<Record<string, Pool>>): void {
		const there = new Map<string, Handle>();
		for (const pool of Object.values(pools)) {
			for (const instance of pool.instances) {
				if (instance.handle === undefined) continue;
				there.set(instance.name, instance.handle);
				if (this.#contacts.get(instance.name)?.handle !== instance.handle) this.#take(pool, instance, instance.handle);
			}
		}
		for (const [name, {contact}] of this.#contacts) {
			if (there.has(name)) continue;
			contact.close();
			this.#contacts.delete(name);
		}
	}

	close(): void {
		for (const {contact} of this.#contacts.values()) contact.close();
		this.#contacts.clear();
	}

	#take({spec, directory}: Pool, {name, requestedAt}: Instance, handle: Handle): void {
		const reached = {name, agent: spec, directory, handle};
		let first = this.#reach(reached);
		if (first === undefined) return;
		this.#contacts.get(name)?.contact.close();
		const locate = () => {
			const address = first ?? this.#reach(reached);
			first = undefined; // the next time it is asked anew: it may be another by then
			return address ?? Promise.reject(new ByoaiError('unavailable', 'nobody dials this agent'));
		};
		const contact = new Contact<DialledAgent>(
			{agent: {name, slots: spec.slots, registeredAt: requestedAt}, shortestRetryMs, quietFailures, locate},
			this.#parts,
		);
		this.#contacts.set(name, {contact, handle});
		contact.start();
	}
}
