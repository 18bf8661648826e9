/** A screen that has the whole terminal for itself gives it back before anybody else says anything there, above all when the program breaks. */
export class TerminalClaim {
	#release: (() => void) | undefined;

	/** `release` gives the terminal back as it was, at once. */
	take(release: () => void): void {
		this.#release = release;
	}

	release(): void {
		const release = this.#release;
		this.#release = undefined;
		release?.();
	}
}
