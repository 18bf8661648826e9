/** How often data are drawn: calm to the eye, and cheap; half as often where there is much to draw. */
const everyMs = 200;
const everyMsOfMany = 333;
const manyCells = 8000;

export type FrameOptions = {
	readonly draw: () => void;
	/** False while the terminal has not taken what it was sent: then nothing is drawn, and the next picture is a newer one. */
	readonly isFree: () => boolean;
};

/** Says when to draw: at once for a key, a few times a second for data, and not at all while the terminal does not keep up. */
export class Frames {
	readonly #options: FrameOptions;
	#cells = 0;
	#timer: NodeJS.Timeout | undefined;
	#isDue = false;
	#isStopped = false;

	constructor(options: FrameOptions) {
		this.#options = options;
	}

	resize(columns: number, rows: number): void {
		this.#cells = columns * rows;
	}

	/** Something is new. */
	soon(): void {
		if (this.#isStopped) return;
		this.#timer ??= setTimeout(() => this.now(), this.#cells > manyCells ? everyMsOfMany : everyMs);
	}

	/** Somebody waits for it. */
	now(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		if (this.#isStopped) return;
		this.#isDue = !this.#options.isFree();
		if (!this.#isDue) this.#options.draw();
	}

	/** The terminal has taken what it was sent. */
	drained(): void {
		if (this.#isDue) this.now();
	}

	stop(): void {
		this.#isStopped = true;
		clearTimeout(this.#timer);
	}
}
