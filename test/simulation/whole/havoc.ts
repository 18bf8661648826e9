import type {Crew} from '../crew.ts';
import {eachSecond} from '../each-second.ts';
import type {World} from '../world.ts';
import type {WholeFaults} from './faults.ts';
import type {WholeHost} from './host.ts';
import type {Watcher} from './watcher.ts';

export type WholeHavocParts = {
	readonly world: World;
	readonly faults: WholeFaults;
	readonly host: WholeHost;
	readonly crew: Crew;
	readonly watcher: Watcher;
	/** Names that clients have on the network. */
	readonly clients: readonly [string, ...string[]];
};

/** Every second, what happens to the orchestrator's program, to clocks, to clients and to the driver. */
export class WholeHavoc {
	readonly #parts: WholeHavocParts;
	readonly #seconds: {stop(): void};

	constructor(parts: WholeHavocParts) {
		this.#parts = parts;
		this.#seconds = eachSecond(parts.world, () => this.#wreak());
	}

	stop(): void {
		this.#seconds.stop();
	}

	#wreak(): void {
		const {world, faults, host, crew, watcher, clients} = this.#parts;
		const {random, network} = world;
		if (random.chance(faults.restart)) host.restart();
		if (random.chance(faults.clockJump)) host.setClock(this.#jumpMs());
		if (random.chance(faults.clockJump)) crew.agent(random.pick(['east', 'west']))?.setClock(this.#jumpMs());
		if (random.chance(faults.clientCrash)) watcher.restart();
		if (random.chance(faults.clientCut)) network.cut(random.pick(clients), random.below(20_000));
		if (random.chance(faults.driverAway)) host.loseDriver(random.below(15_000));
	}

	#jumpMs(): number {
		const {random} = this.#parts.world;
		return random.pick([-1, 1]) * random.pick([500, 5000, 60_000]);
	}
}
