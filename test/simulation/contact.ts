import {ByoaiError} from '../../source/model/error.ts';
import type {Event} from '../../source/model/event.ts';
import type {Orders, Report} from '../../source/protocol/messages.ts';
import {parseOrders, parseReport} from '../../source/protocol/parse.ts';
import type {World} from './world.ts';

/** As much of an agent as its contact needs. */
export type Contacted = {
	readonly options: {
		readonly name: string;
		readonly slots: number;
		readonly mode: 'pull' | 'push';
		readonly labels?: Readonly<Record<string, string>>;
	};
	readonly session: {readonly id: string};
	readonly alive: boolean;
	readonly isPaused: boolean;
	readonly hasNews: boolean;
	run(task: () => void): void;
	later(ms: number, task: () => void): void;
	report(waitMs: number): Report;
	apply(orders: Orders): void;
};

/** What an orchestrator takes; the reply does not come when it dies before. */
export type Requests = {
	exchange(agent: string, report: Report, reply: (orders: Orders | ByoaiError) => void): void;
	offer(event: (at: number) => Event, reply: (result: ByoaiError | undefined) => void): void;
};

/** How an agent and the orchestrator get at each other. */
export type Contact = {
	start(): void;
	/** There is something to report. */
	news(): void;
	/** The orchestrator dialled; only where it does. */
	dialled(orders: Orders, reply: (report: Report) => void): void;
};

const beatMs = 2500;
const waitMs = 2500;
const pauseMs = 100;
/** An agent that is dialled and was not for so long makes itself known again. */
const forgottenMs = 30_000;

export function contactOf(world: World, requests: Requests, agent: Contacted): Contact {
	return agent.options.mode === 'pull' ? new Pull(world, requests, agent) : new Push(world, requests, agent);
}

/** The agent dials: a Report every beat and at every piece of news, beside the one that waits. */
class Pull implements Contact {
	readonly #world: World;
	readonly #requests: Requests;
	readonly #agent: Contacted;
	#known: boolean;
	#newest = 0;

	constructor(world: World, requests: Requests, agent: Contacted) {
		this.#world = world;
		this.#requests = requests;
		this.#agent = agent;
		this.#known = agent.options.labels === undefined;
	}

	start(): void {
		this.#agent.run(() => this.#dial());
		// Not `later`: a beat in a pause is left out, not made up for.
		this.#world.at(beatMs + this.#world.random.below(300), () => this.#agent.alive && this.#beat());
	}

	news(): void {
		if (this.#agent.alive && !this.#agent.isPaused) this.#dial();
	}

	dialled(): void {
		throw new Error('nobody dials this agent');
	}

	#beat(): void {
		this.news();
		this.#world.at(beatMs + this.#world.random.below(300), () => this.#agent.alive && this.#beat());
	}

	#dial(): void {
		if (!this.#known) {
			register(this.#world, this.#requests, this.#agent, () => {
				this.#known = true;
				this.#dial();
			});
			return;
		}
		const {network} = this.#world;
		const {name} = this.#agent.options;
		const report = this.#agent.report(waitMs);
		this.#newest = report.number;
		network.send(name, 'out', () => {
			this.#requests.exchange(name, wired(this.#world, report, parseReport), orders => {
				network.send(name, 'in', () => this.#agent.run(() => this.#answered(report.number, orders)));
			});
		});
	}

	#answered(number: number, orders: Orders | ByoaiError): void {
		if (orders instanceof ByoaiError) {
			if (orders.code === 'not_found') this.#known = this.#agent.options.labels === undefined;
			return; // the next beat tries again
		}
		this.#agent.apply(wired(this.#world, orders, parseOrders));
		if (number === this.#newest) this.#agent.later(pauseMs, () => number === this.#newest && this.#dial());
	}
}

/** The orchestrator dials: its Orders are answered by a Report, which is held while there is no news. */
class Push implements Contact {
	readonly #world: World;
	readonly #requests: Requests;
	readonly #agent: Contacted;
	#known = false;
	#dialledAt = 0;
	#newest = 0;
	#held: ((report: Report) => void) | undefined;

	constructor(world: World, requests: Requests, agent: Contacted) {
		this.#world = world;
		this.#requests = requests;
		this.#agent = agent;
	}

	/**
	 * It is made known by hand, so to speak: until that has come through, and again when nobody dials it any more. For what its forerunner
	 * said of itself may come after what it says, and name another address.
	 */
	start(): void {
		if (!this.#agent.alive) return;
		const isForgotten = this.#world.now - this.#dialledAt > forgottenMs;
		if (!this.#known || isForgotten) {
			this.#agent.run(() =>
				register(this.#world, this.#requests, this.#agent, () => {
					this.#known = true;
					this.#dialledAt = this.#world.now;
				}),
			);
		}
		this.#world.at(beatMs, () => this.start());
	}

	news(): void {
		if (this.#agent.alive && !this.#agent.isPaused) this.#release();
	}

	dialled(orders: Orders, reply: (report: Report) => void): void {
		this.#dialledAt = this.#world.now;
		const isOwn = orders.session === this.#agent.session.id && orders.answers === this.#newest;
		this.#agent.apply(wired(this.#world, orders, parseOrders));
		this.#release();
		if (!isOwn || this.#agent.hasNews) return reply(this.#report());
		this.#held = reply;
		this.#agent.later(waitMs, () => this.#held === reply && this.#release());
	}

	#release(): void {
		const reply = this.#held;
		this.#held = undefined;
		reply?.(this.#report());
	}

	/** Stamped when its hold ends. */
	#report(): Report {
		const report = this.#agent.report(0);
		this.#newest = report.number;
		return wired(this.#world, report, parseReport);
	}
}

function register({network, random}: World, requests: Requests, {options, session}: Contacted, done: () => void): void {
	const {name, slots, mode, labels = {}} = options;
	// Where each start of an agent is found by itself, or its host at any time: a newer registration may change the address of a living agent.
	const path = random.chance(0.5) ? session.id : '';
	network.send(name, 'out', () => {
		const agent = {name, type: 'simulated', slots, mode, labels, ...(mode === 'push' && {url: `http://${name}/${path}`})};
		requests.offer(
			at => ({type: 'agent-registered', at, agent}),
			result => network.send(name, 'in', () => result instanceof ByoaiError || done()),
		);
	});
}

/** In some worlds every message goes over the wire as text, and through its parser. */
function wired<Message>({faults}: World, message: Message, parse: (value: unknown) => Message): Message {
	return faults.wire ? parse(JSON.parse(JSON.stringify(message))) : message;
}
