import type {EventEmitter} from 'node:events';
import {statusOfSignal} from '../exit-status.ts';
import type {Output} from './output.ts';

/** `SIGPIPE` stands for: nobody reads our output any more. */
export type Interruption = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A second SIGINT within this time ends the process at once. */
const forceWithinMs = 2000;

/**
 * Wishes from outside that the program should end. A command that has something to finish takes them over; until then, signals do
 * what they do by default, and closed output ends the program.
 */
export class Interruptions {
	/** Resolves with an exit status when the program is to end at once, whatever it does. */
	readonly forced: Promise<number>;
	readonly #process: EventEmitter;
	readonly #force: (status: number) => void;
	readonly #outputs: readonly Output[];
	#handle: ((interruption: Interruption) => void) | undefined;
	#isLent = false;
	#lastInterruptAt = Number.NEGATIVE_INFINITY;

	/** `process` is where signals are heard; `others` is what is written to beside standard output. */
	constructor(process: EventEmitter, output: Output, ...others: readonly Output[]) {
		this.#process = process;
		this.#outputs = [output, ...others];
		const {promise, resolve} = Promise.withResolvers<number>();
		this.forced = promise;
		this.#force = resolve;
		void output.broken.then(() => {
			if (this.#handle === undefined) resolve(statusOfSignal('SIGPIPE'));
			else this.#handle('SIGPIPE');
		});
	}

	/** From now on `handle` is told of each interruption, save for the SIGINT that forces the end. */
	take(handle: (interruption: Interruption) => void): void {
		// Who took them over before is told no more.
		this.close();
		this.#handle = handle;
		for (const signal of signals) this.#process.on(signal, this.#hear);
	}

	/** Ctrl+C as a key, where the terminal makes no signal of it. */
	interrupt(): void {
		this.#hear('SIGINT');
	}

	/**
	 * Another program has the terminal, and what people press there is meant for it alone, until what is returned is called: the terminal sends
	 * the signals of its keys to this process, too.
	 */
	lend(): () => void {
		this.#isLent = true;
		this.#process.on('SIGQUIT', notMeant);
		return () => {
			this.#isLent = false;
			this.#process.removeListener('SIGQUIT', notMeant);
		};
	}

	/** Signals do again what they do by default. */
	close(): void {
		for (const signal of signals) this.#process.removeListener(signal, this.#hear);
	}

	readonly #hear = (signal: Interruption): void => {
		if (signal === 'SIGINT' && this.#isLent) return;
		const now = performance.now();
		const isForce = signal === 'SIGINT' && now - this.#lastInterruptAt < forceWithinMs;
		if (signal === 'SIGINT') this.#lastInterruptAt = now;
		// Nobody may sit there any more.
		if (signal !== 'SIGINT') for (const output of this.#outputs) output.hurry();
		if (isForce) this.#force(statusOfSignal('SIGINT'));
		else this.#handle?.(signal);
	};
}

function notMeant(): void {
	// By default it would end the process.
}
