import type {LogLevel} from '../../config.ts';
import {logLevels} from '../../config.ts';
import type {Problem} from '../../model/error.ts';
import {defaultLimits} from '../../model/limits.ts';
import {formatProblem} from '../../text/problem.ts';
import {plural} from '../../text/spans.ts';
import {hanging} from '../../text/words.ts';
import type {Output} from './output.ts';

export type DiagnosticsOptions = {
	readonly output: Output;
	readonly level: LogLevel;
	readonly colour: boolean;
	/** The most problems that are told one by one. */
	readonly mostProblems?: number;
};

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

	/** All problems up to the limit, and how many they are. */
	problems(problems: readonly Problem[]): void {
		const {output, mostProblems = defaultLimits.shown_problems} = this.#options;
		const look = this.#look();
		for (const problem of problems.slice(0, mostProblems)) output.write(`${formatProblem(problem, look)}\n`);
		if (problems.length < 2) return;
		const rest = problems.length > mostProblems ? `; the first ${mostProblems} are shown (limit shown_problems)` : '';
		output.write(`${plural(problems.length, 'problem')}${rest}\n`);
	}

	/** What is fine, but worth a word. */
	notices(notices: readonly Problem[]): void {
		if (!this.#shows('warn')) return;
		for (const notice of notices) {
			const {text: _, ...place} = notice;
			this.#options.output.write(`${formatProblem({...place, message: `note: ${notice.message}`}, this.#look())}\n`);
		}
	}

	#look(): {colour: boolean; columns?: number} {
		const {output, colour} = this.#options;
		return {colour, ...(output.columns !== undefined && {columns: output.columns})};
	}

	#say(level: LogLevel, message: string): void {
		if (!this.#shows(level)) return;
		const {output} = this.#options;
		const {columns = Number.POSITIVE_INFINITY} = output;
		const lines = message.split('\n').flatMap((line, index) => {
			const text = line.trimStart();
			return hanging(index === 0 ? 'byoai: ' : ' '.repeat(line.length - text.length), text, columns);
		});
		output.write(`${lines.join('\n')}\n`);
	}

	#shows(level: LogLevel): boolean {
		return logLevels.indexOf(level) <= logLevels.indexOf(this.#options.level);
	}
}
