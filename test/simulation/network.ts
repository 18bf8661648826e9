import type {Faults} from './faults.ts';
import type {Random} from './random.ts';
import type {Timeline} from './timeline.ts';

/** From the agent to the orchestrator, and back. */
export type Way = 'out' | 'in';
type Cut = {readonly agent: string; readonly ways: readonly Way[]; readonly until: number};

/** Messages between agents and the orchestrator: lost, doubled, late, out of order, cut off one way or both; well again once healed. */
export class Network {
	healed = false;
	#cuts: Cut[] = [];
	readonly #timeline: Timeline;
	readonly #random: Random;
	readonly #faults: Faults;

	constructor(timeline: Timeline, random: Random, faults: Faults) {
		this.#timeline = timeline;
		this.#random = random;
		this.#faults = faults;
	}

	send(agent: string, way: Way, deliver: () => void): void {
		const {drop, double} = this.#faults;
		if (!this.healed && (this.#random.chance(drop) || this.isCut(agent, way))) return;
		const copies = !this.healed && this.#random.chance(double) ? 2 : 1;
		for (let copy = 0; copy < copies; copy++) this.#timeline.at(this.delayMs(), deliver);
	}

	cut(agent: string, ms: number): void {
		const {now} = this.#timeline;
		this.#cuts = this.#cuts.filter(({until}) => until > now);
		this.#cuts.push({agent, ways: this.#random.pick([['in'], ['out'], ['in', 'out']]), until: now + ms});
	}

	isCut(agent: string, way: Way): boolean {
		return this.#cuts.some(cut => cut.agent === agent && cut.until > this.#timeline.now && cut.ways.includes(way));
	}

	delayMs(): number {
		const {lateMs, late} = this.#faults;
		return 1 + (!this.healed && this.#random.chance(late) ? this.#random.below(lateMs) : this.#random.below(60));
	}
}
