/** A screen that has the whole terminal for itself gives it back before anybody else says anything there, above all when the program breaks. */
export class TerminalClaim {
	#release: (() => Promise<void>) | undefined;
	#released: Promise<void> = Promise.resolve();

	/** `release` gives the terminal back as it was: at once, where nobody else has it. */
	take(release: () => Promise<void>): void {
		this.#release = release;
	}

	/** Resolves when it was given back. */
	release(): Promise<void> {
		const release = this.#release;
		this.#release = undefined;
		if (release !== undefined) this.#released = release();
		return this.#released;
	}
}
