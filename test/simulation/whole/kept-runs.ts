import assert from 'node:assert/strict';
import type {Run} from '../../../source/model/run.ts';
import {epochMs} from '../life.ts';
import type {World} from '../world.ts';
import type {WholeFaults} from './faults.ts';
import type {VirtualDisk} from './virtual-files.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** No world lasts for so long. */
const longestDays = 365;
/** By so much clocks of several lives may differ, where nobody sets one in between. */
const clocksMs = 30_000;

/** Old runs are removed while others live and are read: which may go, which must, and that they go whole. Shares no code with what removes them. */
export class KeptRuns {
	readonly #world: World;
	readonly #disk: VirtualDisk;
	readonly #faults: WholeFaults;
	readonly #removed = new Set<string>();

	constructor(world: World, disk: VirtualDisk, faults: WholeFaults) {
		this.#world = world;
		this.#disk = disk;
		this.#faults = faults;
	}

	/** Whether the history has forgotten this run. */
	isRemoved(run: string): boolean {
		return this.#removed.has(run);
	}

	/** Whether a run was removed, or only a clock that was set back has kept it from that, half-way. */
	isGoing(id: string): boolean {
		const run = this.#disk.endedRuns.get(id);
		return this.#removed.has(id) || (run !== undefined && this.#mayBeOld(run));
	}

	/** The history forgets a run. */
	removed(id: string): void {
		const run = this.#disk.endedRuns.get(id);
		assert(run, `run ${id} is removed, and has not ended`);
		assert(!this.#removed.has(id), `run ${id} is removed twice`);
		this.#world.trace(() => `run ${id} is removed`);
		this.#removed.add(id);
		assert(this.#isSurplus(run) || this.#mayBeOld(run), `run ${id} is removed, and was to be kept`);
	}

	/** In words, what should be gone of what was too much or too old at a time; empty when all is. */
	left(at: number): string {
		for (const run of this.#disk.endedRuns.values()) {
			const isOld = this.#ageMs(run, at) - clocksMs >= this.#keptMs && !this.#areClocksSet;
			const mustGo = this.#isSurplus(run) || isOld;
			if (!this.#removed.has(run.id) && mustGo) return `run ${run.id} is still there`;
		}
		const directory = this.#disk.runDirectories.find(run => this.#removed.has(run));
		return directory === undefined ? '' : `the logs of run ${directory} are still there`;
	}

	/** Whether enough others have ended after it. */
	#isSurplus(run: Run): boolean {
		const isLater = ({id, endedAt = 0}: Run) => endedAt > (run.endedAt ?? 0) || (endedAt === run.endedAt && id > run.id);
		const later = [...this.#disk.endedRuns.values()].filter(other => !this.#removed.has(other.id) && isLater(other));
		return later.length >= (this.#faults.retention?.kept_runs ?? Number.POSITIVE_INFINITY);
	}

	/** Then nobody can say how old a run is. */
	get #areClocksSet(): boolean {
		return this.#faults.clockJump + (this.#world.images?.clockJump ?? 0) > 0;
	}

	#mayBeOld(run: Run): boolean {
		return this.#keptMs < Number.POSITIVE_INFINITY && (this.#areClocksSet || this.#ageMs(run) + clocksMs >= this.#keptMs);
	}

	#ageMs({endedAt = 0}: Run, now = this.#world.now): number {
		return epochMs + now - endedAt;
	}

	get #keptMs(): number {
		const {kept_days: days = longestDays} = this.#faults.retention ?? {};
		return days < longestDays ? days * dayMs : Number.POSITIVE_INFINITY;
	}
}
