import {fractionIn} from '../../text/figures.ts';

/** A count that goes up is told again after so long. */
const againMs = 10_000;

/** Which of the words that say how far a start is are worth a line of their own: not every count of a pull. */
export class StartNews {
	readonly #isLive: boolean;
	readonly #told = new Map<string, {readonly words: string; readonly isCount: boolean; readonly at: number}>();

	/** `isLive`: counts are seen elsewhere, as they go up. */
	constructor(isLive: boolean) {
		this.#isLive = isLive;
	}

	/** Whether these words about a start are to be told; whoever asks tells them. */
	isNews(start: string, words: string, now: number): boolean {
		const told = this.#told.get(start);
		if (told?.words === words) return false;
		const isCount = fractionIn(words) !== undefined;
		if (isCount && (this.#isLive || (told?.isCount === true && now - told.at < againMs))) return false;
		this.#told.set(start, {words, isCount, at: now});
		return true;
	}
}
