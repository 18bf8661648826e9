import {seededRandom} from '../helpers/seeded-random.ts';

/** All chance of one simulated world: the same seed, the same world. */
export class Random {
	/** A whole number from 0 to below the limit. */
	readonly below: (limit: number) => number;

	constructor(seed: number) {
		this.below = seededRandom(seed);
	}

	/** A number from 0 to below 1. */
	unit(): number {
		return this.below(2 ** 30) / 2 ** 30;
	}

	chance(probability: number): boolean {
		return this.unit() < probability;
	}

	pick<Item>(items: readonly [Item, ...Item[]]): Item {
		return items[this.below(items.length)] ?? items[0];
	}

	/** With this chance the value, else 0: for faults that most worlds should not have. */
	sometimes(probability: number, value: number): number {
		return this.chance(probability) ? value : 0;
	}
}
