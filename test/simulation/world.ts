import {Disk} from './disk.ts';
import type {Faults} from './faults.ts';
import {chooseFaults} from './faults.ts';
import type {ImageFaults} from './images/faults.ts';
import {chooseImageFaults, hasImages} from './images/faults.ts';
import {Network} from './network.ts';
import {Random} from './random.ts';
import {Timeline} from './timeline.ts';

/** The ground that everything of one simulation stands on: its chance, time, faults, network and disk. */
export class World {
	readonly random: Random;
	readonly faults: Faults;
	/** Present: some tasks have an image. */
	readonly images: ImageFaults | undefined;
	readonly network: Network;
	readonly disk: Disk;
	readonly timeline = new Timeline();
	/** Whether the product's promises must go on before anything else happens. */
	promisesWait = false;
	/** Names of agents that speak no agent protocol. */
	readonly basicNames = new Set<string>();
	/** Somebody has set the orchestrator's wall clock. */
	clockWasSet = false;
	/** The last id that was given. */
	#ids = 0;
	#healed = false;
	readonly #say: ((line: string) => void) | undefined;

	/** `say` takes the trace, a line an event. */
	constructor(seed: number, say?: (line: string) => void, disk = new Disk()) {
		this.#say = say;
		this.disk = disk;
		this.random = new Random(seed);
		this.faults = chooseFaults(this.random);
		this.images = hasImages(seed) ? chooseImageFaults(this.random, seed) : undefined;
		this.network = new Network(this.timeline, this.random, this.faults);
	}

	get now(): number {
		return this.timeline.now;
	}

	/** Whether the faults have stopped. */
	get healed(): boolean {
		return this.#healed;
	}

	at(delayMs: number, task: () => void): void {
		this.timeline.at(delayMs, task);
	}

	newId(prefix: string): string {
		return `${prefix}${++this.#ids}`;
	}

	/** An id as runs have it: instances of attempts are told by it. */
	newRun(): string {
		return this.images === undefined ? this.newId('r') : `r${this.newId('').padStart(11, '0')}`;
	}

	heal(): void {
		this.trace(() => 'all faults stop');
		this.#healed = true;
		this.network.healed = true;
	}

	trace(line: () => string): void {
		this.#say?.(`${(this.now / 1000).toFixed(3).padStart(8)} ${line()}`);
	}
}
