import type {Audit} from './audit.ts';
import type {Crew} from './crew.ts';
import type {DriverHost} from './driver.ts';
import {eachSecond} from './each-second.ts';
import type {Keeper} from './keeper.ts';
import type {OrchestratorHost} from './orchestrator.ts';
import type {World} from './world.ts';

export type HavocParts = {
	readonly world: World;
	readonly audit: Audit;
	readonly crew: Crew;
	readonly driver: DriverHost;
	readonly orchestrator: Pick<OrchestratorHost, 'crash' | 'pause' | 'offer'>;
	readonly keeper: Keeper;
};

/** Every second, what the world's faults will have happen. */
export class Havoc {
	readonly #parts: HavocParts;
	readonly #seconds: {stop(): void};

	constructor(parts: HavocParts) {
		this.#parts = parts;
		this.#seconds = eachSecond(parts.world, () => this.#wreak());
	}

	stop(): void {
		this.#seconds.stop();
	}

	#wreak(): void {
		const {world, crew, driver, orchestrator, audit} = this.#parts;
		const {random, faults, network} = world;
		const name = pickFrom(crew.names, random.below);
		const instance = pickFrom(driver.names, random.below);
		const isInstance = instance !== undefined && random.chance(0.4);
		const agent = isInstance ? driver.agent(instance) : crew.agent(name ?? '');
		if (name !== undefined && random.chance(faults.agentCrash)) crew.crash(name);
		if (random.chance(faults.freeze)) agent?.pause(this.#pauseMs(), {freeze: true, suspend: random.chance(0.5)});
		if (random.chance(faults.agentStop) && agent) {
			const ms = this.#pauseMs();
			// Only of an instance can the end be confirmed: with a registered agent this is not promised.
			agent.pause(ms, {freeze: false, suspend: false, watchdog: isInstance && ms % 2 === 0});
		}
		if (agent && random.chance(faults.cut)) network.cut(agent.options.name, this.#pauseMs());
		if (instance !== undefined && random.chance(faults.instanceKill)) driver.end(instance, 'killed');
		if (random.chance(faults.orchestratorCrash)) orchestrator.crash();
		else if (random.chance(faults.orchestratorPause)) orchestrator.pause(this.#pauseMs());
		const run = pickFrom(audit.openRuns, random.below);
		if (run !== undefined && random.chance(faults.cancel)) {
			orchestrator.offer(at => ({type: 'run-cancelled', at, run, reason: 'somebody wished it'}));
		}
		if (name !== undefined && random.chance(faults.drain)) crew.retire(name, 'agent-drained');
		if (name !== undefined && random.chance(faults.remove)) crew.retire(name, 'agent-removed');
		this.#parts.keeper.tamper();
	}

	#pauseMs(): number {
		const {random} = this.#parts.world;
		return random.chance(0.5) ? random.below(4000) : 8000 + random.below(25_000);
	}
}

function pickFrom(items: readonly string[], below: (limit: number) => number): string | undefined {
	return items[below(Math.max(1, items.length))];
}
