import type {LogLevel} from '../config.ts';
import {logLevels} from '../config.ts';
import type {Problem} from '../model/error.ts';
import {plural} from '../text/spans.ts';
import {formatProblem} from '../workflow/problems.ts';
import type {Output} from './output.ts';

export type DiagnosticsOptions = {readonly output: Output; readonly level: LogLevel; readonly colour: boolean};

/** What is said to people beside the data: on standard error, from a level on. */
export class Diagnostics {
	readonly #options: DiagnosticsOptions;

	constructor(options: DiagnosticsOptions) {
		this.#options = options;
	}

	error(message: string): void {
		this.#say('error', message);
	}

	warn(message: string): void {
		this.#say('warn', message);
	}

	info(message: string): void {
		this.#say('info', message);
	}

	/** The stack of an error, for those who look for its cause. */
	trace(error: Error): void {
		if (this.#shows('debug')) this.#options.output.write(`${error.stack ?? error.message}\n`);
	}

	/** All problems, and how many they are. */
	problems(problems: readonly Problem[]): void {
		for (const problem of problems) this.#options.output.write(`${formatProblem(problem, {colour: this.#options.colour})}\n`);
		if (problems.length > 1) this.#options.output.write(`${plural(problems.length, 'problem')}\n`);
	}

	/** What is fine, but worth a word. */
	notices(notices: readonly Problem[]): void {
		if (!this.#shows('warn')) return;
		for (const notice of notices) {
			const {text: _, ...place} = notice;
			this.#options.output.write(`${formatProblem({...place, message: `note: ${notice.message}`}, {colour: this.#options.colour})}\n`);
		}
	}

	#say(level: LogLevel, message: string): void {
		if (this.#shows(level)) this.#options.output.write(`byoai: ${message}\n`);
	}

	#shows(level: LogLevel): boolean {
		return logLevels.indexOf(level) <= logLevels.indexOf(this.#options.level);
	}
}
