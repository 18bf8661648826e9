import {plainOf} from '../../text/cells.ts';
import {levelOf} from './level.ts';
import type {Budget} from './line-index.ts';
import {LineIndex, pending} from './line-index.ts';
import type {LogPattern} from './pattern.ts';
import type {KeptLine, LogRing} from './ring.ts';

/** Where a jump led: `wrapped` round the end; `pending`: `work` goes on with it. */
export type Jump = 'found' | 'wrapped' | 'none' | 'pending';

/** A jump, and the line that it led to. */
export type Landing = {readonly jump: Jump; readonly line?: number};

type Wish = {readonly index: LineIndex; readonly forward: boolean; readonly from: number; readonly wrapped: boolean};

/** Finds lines of a ring by what they hold, or by their level. Only lines that pass the filter are found. */
export class LogSearch {
	readonly #ring: LogRing;
	#passes: (line: KeptLine) => boolean = () => true;
	#pattern: LogPattern | undefined;
	#matches: LineIndex | undefined;
	#errors: LineIndex;
	/** A jump that was not over when its time was. */
	#wish: Wish | undefined;
	#at: number | undefined;

	constructor(ring: LogRing) {
		this.#ring = ring;
		this.#errors = this.#indexOf(line => levelOf(line.text) === 'error');
	}

	get pattern(): LogPattern | undefined {
		return this.#pattern;
	}

	/** The line at which the search stands. */
	get at(): number | undefined {
		return this.#at;
	}

	/** Other lines are shown from now on. */
	setFilter(passes: (line: KeptLine) => boolean): void {
		this.#passes = passes;
		this.#errors = this.#indexOf(line => levelOf(line.text) === 'error');
		this.#setMatches(this.#pattern);
	}

	/** From the line `from` forward, or, without it, back from the end. Undefined: nothing is searched for any more. */
	setPattern(pattern: LogPattern | undefined, from: number | undefined, budget: Budget): Landing {
		this.#setMatches(pattern);
		this.#at = undefined;
		const index = this.#matches;
		if (index === undefined) return {jump: 'none'};
		return from === undefined
			? this.#jump({index, forward: false, from: this.#ring.end, wrapped: true}, budget)
			: this.#jump({index, forward: true, from, wrapped: false}, budget);
	}

	/** To the next match, or the next error, from where it stands, or from the first or last of the lines that are on the screen. */
	next(what: 'match' | 'error', forward: boolean, onScreen: readonly number[], budget: Budget): Landing {
		const index = what === 'match' ? this.#matches : this.#errors;
		if (index === undefined) return {jump: 'none'};
		return this.#jump({index, forward, from: this.#startOf(forward, onScreen), wrapped: false}, budget);
	}

	/** Goes on with what is not done; the landing of a jump that was pending. */
	work(budget: Budget): {readonly done: boolean; readonly landing?: Landing} {
		const landing = this.#wish === undefined ? undefined : this.#jump(this.#wish, budget);
		const done = (this.#matches === undefined || this.#matches.work(budget)) && this.#wish === undefined;
		return {done, ...(landing && {landing})};
	}

	/** How many lines match, and which of them it stands at, from 1; 0: at none. `whole`: all lines were looked at. */
	get count(): {readonly hits: number; readonly at: number; readonly whole: boolean} {
		if (this.#matches === undefined) return {hits: 0, at: 0, whole: true};
		const {hits, before, whole} = this.#matches.count(this.#at);
		return {hits, at: this.#at === undefined ? 0 : before + 1, whole};
	}

	/** The lines are gone. */
	reset(): void {
		this.#wish = undefined;
		this.#at = undefined;
	}

	#setMatches(pattern: LogPattern | undefined): void {
		this.#pattern = pattern;
		this.#wish = undefined;
		this.#matches = pattern === undefined ? undefined : this.#indexOf(line => pattern.test(plainOf(line.text)));
	}

	#indexOf(matches: (line: KeptLine) => boolean): LineIndex {
		const passes = this.#passes;
		return new LineIndex(this.#ring, line => line.skipped === undefined && matches(line) && passes(line));
	}

	/** Where it stands counts only as long as it is on the screen. */
	#startOf(forward: boolean, onScreen: readonly number[]): number {
		const isHere = this.#at !== undefined && onScreen.includes(this.#at);
		const first = isHere ? this.#at : undefined;
		if (forward) return first === undefined ? (onScreen[0] ?? this.#ring.start) : first + 1;
		return first ?? (onScreen.at(-1) ?? this.#ring.end) + 1;
	}

	#jump(wish: Wish, budget: Budget): Landing {
		const {index, forward, from, wrapped} = wish;
		this.#wish = undefined;
		const found = forward ? index.atOrAfter(from, budget) : index.before(from, budget);
		if (found === pending) {
			this.#wish = wish;
			return {jump: 'pending'};
		}
		if (found !== undefined) {
			this.#at = found;
			return {jump: wrapped ? 'wrapped' : 'found', line: found};
		}
		if (wrapped) return {jump: 'none'};
		return this.#jump({index, forward, from: forward ? this.#ring.start : this.#ring.end, wrapped: true}, budget);
	}
}
