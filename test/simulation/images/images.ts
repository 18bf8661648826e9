import type {Driver} from '../../../source/drivers/driver.ts';
import type {AgentType} from '../../../source/model/workflow.ts';
import type {Audit} from '../audit.ts';
import {eachSecond} from '../each-second.ts';
import type {Life} from '../life.ts';
import type {World} from '../world.ts';
import {ImageEngine} from './engine.ts';
import type {ImageFaults} from './faults.ts';
import {ImagePort} from './port.ts';
import {imageTypes} from './workflows.ts';

/** Names of instances of attempts: those of agents are others. */
const attemptName = /^r[0-9a-z]{11}\.\d+#\d+$/;
const longestAwayMs = 25_000;

/** The engines that tasks with an image run on, and what happens to them. */
export class Images {
	readonly #world: World;
	readonly #audit: Audit;
	readonly #faults: ImageFaults;
	readonly #engines: readonly ImageEngine[];
	#havoc: {stop(): void} | undefined;

	constructor(world: World, audit: Audit, faults: ImageFaults) {
		this.#world = world;
		this.#audit = audit;
		this.#faults = faults;
		this.#engines = imageTypes.map(type => new ImageEngine({world, faults, judge: audit.images, type}));
	}

	get names(): string[] {
		return this.#engines.flatMap(({names}) => names);
	}

	/** From now on things happen to the engines. `setClock` sets that of the orchestrator. */
	wreak(setClock: (byMs: number) => void): void {
		this.#havoc = eachSecond(this.#world, () => this.#wreak(setClock));
	}

	/** What has been taken away comes back. */
	stop(): void {
		this.#havoc?.stop();
	}

	forgetStarts(): void {
		for (const engine of this.#engines) engine.forgetStarts();
	}

	/** The drivers of one life: of agents as before, and of instances with a `command`. */
	portsOf(life: Life, ofAgents: ReadonlyMap<AgentType, Driver>): ReadonlyMap<AgentType, Driver> {
		const ports = new Map(ofAgents);
		for (const engine of this.#engines) {
			const {type} = engine.parts;
			const {driver} = new ImagePort(engine, life);
			const agents = ofAgents.get(type);
			ports.set(type, agents === undefined ? driver : both(agents, driver));
		}
		return ports;
	}

	#wreak(setClock: (byMs: number) => void): void {
		const {random} = this.#world;
		const {away, killed, removed, engineDeath, clockJump} = this.#faults;
		for (const engine of this.#engines) {
			if (random.chance(away)) engine.away(random.below(longestAwayMs));
			if (random.chance(engineDeath)) engine.die();
			const instance = engine.instances[random.below(Math.max(1, engine.names.length))];
			if (instance === undefined) continue;
			if (random.chance(killed)) engine.kill(instance);
			// Docker's driver counts on nobody taking away what is not known yet to have started.
			const isKnown = engine.parts.type === 'kubernetes' || this.#audit.images.isRecorded(instance.ref);
			if (isKnown && random.chance(removed)) engine.remove(instance);
		}
		if (random.chance(clockJump)) setClock(random.pick([-1, 1]) * random.pick([500, 5000, 60_000]));
	}
}

/** One driver, as the product has it: agents and the programs of attempts are told apart by their names. */
function both(ofAgents: Driver, ofAttempts: Driver): Driver {
	const of = (name: string) => (attemptName.test(name) ? ofAttempts : ofAgents);
	return {
		...ofAttempts,
		start: spec => of(spec.name).start(spec),
		stop: instance => of(instance.name).stop(instance),
		watch: (name, handle, signal) => of(name).watch(name, handle, signal),
		list: async () => (await Promise.all([ofAgents.list(), ofAttempts.list()])).flat(),
	};
}
