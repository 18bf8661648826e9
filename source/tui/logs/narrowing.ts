import {formatCount} from '../../text/spans.ts';
import type {LogCommand} from './commands.ts';
import type {LogFilter} from './filter.ts';
import type {LogLevel} from './level.ts';
import {logPattern} from './pattern.ts';
import type {Jump} from './search.ts';
import type {LogView} from './view.ts';

const levels = [undefined, 'warn', 'error'] as const satisfies ReadonlyArray<LogLevel | undefined>;

/** What is searched for in a log view, and which of its lines are shown: what was kept, and what is being typed. */
export class LogNarrowing {
	/** Where the last jump led; taken away when something else is done. */
	lastJump: Jump | undefined;
	readonly #view: LogView;
	#filters: readonly LogFilter[] = [];
	#draft: LogFilter | undefined;
	#problem = '';
	#least: (typeof levels)[number];

	constructor(view: LogView) {
		this.#view = view;
	}

	get isOn(): boolean {
		const {filtered, search} = this.#view.settings;
		return filtered || search !== undefined;
	}

	/** In words: what is wrong with what is typed, what is searched for and how often it is there, and what is left out. */
	get about(): readonly string[] {
		const {settings, matches} = this.#view;
		const level = {all: '', warn: 'errors and warnings', error: 'errors'}[this.#least ?? 'all'];
		const filters = this.#inForce.map(({pattern, hide}) => `${hide ? 'without' : 'only'} ${pattern.text}`);
		const place = matches.at === 0 ? '' : `${formatCount(matches.at)} of `;
		const count = `${place}${formatCount(matches.hits)}${matches.whole ? '' : '+'}`;
		const search = settings.search === undefined ? '' : `/${settings.search}: ${count}`;
		const jump = {
			found: '',
			pending: '',
			wrapped: 'round the end',
			none: matches.hits === 0 || settings.search === undefined ? 'no such line' : '',
		}[this.lastJump ?? 'found'];
		return [this.#problem, search, jump, level, ...filters];
	}

	type({type, text, isRegex}: Extract<LogCommand, {readonly text: string}>): void {
		this.#problem = '';
		const made = text === '' ? undefined : logPattern(text, {regex: isRegex});
		if (made !== undefined && 'problem' in made) {
			this.#problem = made.problem;
			return;
		}
		if (type === 'search') {
			const jump = this.#view.setSearch(made?.pattern);
			this.lastJump = made === undefined || jump === 'wrapped' ? undefined : jump;
			return;
		}
		this.#draft = made && {pattern: made.pattern, hide: type === 'without'};
		this.#apply();
	}

	/** What was typed counts from now on. */
	keep(): void {
		this.#view.keepSearch();
		this.#filters = this.#inForce;
		this.#draft = undefined;
		this.#problem = '';
	}

	/** All lines, then warnings and errors, then errors alone. */
	nextLevel(): void {
		this.#least = after<(typeof levels)[number]>(levels, this.#least);
		this.#apply();
	}

	/** Takes back the search; where there is none, the filters; then the level. */
	clear(): void {
		this.#problem = '';
		if (this.#view.settings.search !== undefined) {
			this.#view.setSearch(undefined);
			return;
		}
		if (this.#filters.length > 0) this.#filters = [];
		else this.#least = undefined;
		this.#apply();
	}

	get #inForce(): readonly LogFilter[] {
		return this.#draft === undefined ? this.#filters : [...this.#filters, this.#draft];
	}

	#apply(): void {
		this.#view.setFilters(this.#inForce, this.#least);
	}
}

/** The value after one, and after the last the first. */
export function after<Value>(values: readonly Value[], value: Value): Value {
	return values[(values.indexOf(value) + 1) % values.length] as Value;
}
