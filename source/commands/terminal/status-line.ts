import type {EventEmitter} from 'node:events';

/** A line for a terminal of so many columns, without its end; undefined: there is nothing to say. */
export type MakeLine = (columns: number) => string | undefined;

type Terminal = NodeJS.WritableStream & {readonly columns?: number; readonly writableNeedDrain?: boolean};

/** To the beginning of the line, and nothing from there on: also what a line that has become too long for the terminal was broken into. */
const erase = '\r\u001b[J';
/** Terminals may have become narrower since its width was known: what is too much is then cut there, and not broken into another row. */
const [unbroken, broken] = ['\u001b[?7l', '\u001b[?7h'];
const usualColumns = 80;

/** The process among others on its terminal. */
export type JobControl = {
	/** Where it hears signals. */
	readonly signals: EventEmitter;
	/** False while a shell has the terminal back: then nothing is drawn. */
	readonly isInForeground: () => boolean;
	/** Stops the process as Ctrl+Z does, if anything can make it go on again. */
	readonly stop: () => void;
};

/**
 * One line at the foot of a terminal that is written again and again. It stands below all that is printed, and is gone before its program
 * ends. The cursor waits at its beginning: so the line is erased whole, whatever width the terminal has by then.
 */
export class StatusLine {
	readonly #terminal: Terminal;
	readonly #job: JobControl;
	#make: MakeLine = () => undefined;
	/** What is on the terminal now; empty: no line is. */
	#shown = '';
	/** What was printed last has no end yet: the line waits for that. */
	#isOpen = false;
	#isUsed = false;

	constructor(terminal: Terminal, job: JobControl) {
		this.#terminal = terminal;
		this.#job = job;
	}

	/** Shows what `make` says, from now on; again with each call, with what is printed, and when the size of the terminal changes. */
	set(make: MakeLine): void {
		if (!this.#isUsed) this.#begin();
		this.#make = make;
		this.#draw();
	}

	/** The line is gone, until another is set. */
	end(): void {
		const {signals} = this.#job;
		this.#terminal.removeListener('resize', this.#draw);
		signals.removeListener('SIGTSTP', this.#stop);
		signals.removeListener('SIGCONT', this.#goOn);
		this.#isUsed = false;
		this.#erase();
	}

	/** Text as it is to be written to the terminal: above the line. */
	around(text: string): string {
		if (!this.#isUsed) return text;
		if (!this.#job.isInForeground()) {
			this.#isOpen = !text.endsWith('\n');
			this.#shown = '';
			return text;
		}
		// Also where no line is known to be: what goes to the other stream may overtake what goes to this one.
		const before = this.#isOpen ? '' : erase;
		this.#isOpen = !text.endsWith('\n');
		this.#shown = this.#line();
		return before + text + drawn(this.#shown);
	}

	#begin(): void {
		const {signals} = this.#job;
		this.#isUsed = true;
		this.#terminal.on('resize', this.#draw);
		signals.on('SIGTSTP', this.#stop);
		signals.on('SIGCONT', this.#goOn);
	}

	/** It would stay above the shell's prompt. */
	readonly #stop = (): void => {
		this.#erase();
		// Without a listener the signal does what it does by default, when it comes again.
		this.#job.signals.removeListener('SIGTSTP', this.#stop);
		this.#job.stop();
	};

	readonly #goOn = (): void => {
		this.#job.signals.removeListener('SIGTSTP', this.#stop).on('SIGTSTP', this.#stop);
		this.#draw();
	};

	#erase(): void {
		if (this.#shown !== '' && this.#job.isInForeground()) this.#terminal.write(erase);
		this.#shown = '';
	}

	readonly #draw = (): void => {
		// Where nobody reads it, there is no use in more of it.
		if (this.#terminal.writableNeedDrain === true) return;
		if (!this.#job.isInForeground()) {
			this.#shown = '';
			return;
		}
		const line = this.#line();
		if (line !== this.#shown) this.#terminal.write((this.#shown === '' ? '' : erase) + drawn(line));
		this.#shown = line;
	};

	#line(): string {
		return this.#isOpen ? '' : (this.#make(this.#terminal.columns || usualColumns) ?? '');
	}
}

/** The line, with the cursor at its beginning after it. */
function drawn(line: string): string {
	return line === '' ? '' : `${unbroken}${line}${broken}\r`;
}
