import type {AgentRow, TaskRow, ViewChange} from '../../protocol/views.ts';
import {agentLabel} from '../../text/agent-label.ts';
import {inColumns, widthOf} from '../../text/columns.ts';
import {fractionIn, progressBar} from '../../text/figures.ts';
import {printable} from '../../text/printable.ts';
import {formatSpan, plural} from '../../text/spans.ts';
import type {Style} from '../../text/style.ts';

/** An agent, or a task's own instance, that is being started. */
export type Start = {
	readonly name: string;
	/** How far it is; empty where nobody says. */
	readonly words: string;
	/** When it was first seen so. */
	readonly since: number;
};

/** A start of which nothing is told is worth a word after so long. */
const silentMs = 1000;

/** What is being started, as rows come. Times are milliseconds of any clock. */
export class Starts {
	readonly #starts = new Map<string, Start>();

	/** Rows that changed. */
	change({tasks = [], agents = [], gone}: ViewChange, now: number): void {
		for (const task of tasks) this.#take(`task ${task.id}`, startOfTask(task), now);
		for (const agent of agents) this.#take(`agent ${agent.id}`, startOfAgent(agent), now);
		for (const id of gone?.agents ?? []) this.#starts.delete(`agent ${id}`);
	}

	/** All rows there are. */
	snapshot(rows: ViewChange, now: number): void {
		const known = new Set([...(rows.tasks ?? []).map(({id}) => `task ${id}`), ...(rows.agents ?? []).map(({id}) => `agent ${id}`)]);
		for (const key of this.#starts.keys()) if (!known.has(key)) this.#starts.delete(key);
		this.change(rows, now);
	}

	/** Those that are worth a word, the longest first. */
	shown(now: number): readonly Start[] {
		return [...this.#starts.values()].filter(({words, since}) => words !== '' || now - since >= silentMs);
	}

	#take(key: string, start: Omit<Start, 'since'> | undefined, now: number): void {
		if (start === undefined) this.#starts.delete(key);
		else this.#starts.set(key, {...start, since: this.#starts.get(key)?.since ?? now});
	}
}

function startOfTask({name, status, starting}: TaskRow): Omit<Start, 'since'> | undefined {
	return status === 'running' && starting !== undefined ? {name, words: starting} : undefined;
}

function startOfAgent({id, run, status, starting = ''}: AgentRow): Omit<Start, 'since'> | undefined {
	return status === 'starting' ? {name: run === undefined ? id : agentLabel(id, run), words: starting} : undefined;
}

type Look = {readonly style: Style; readonly unicode: boolean; readonly columns: number};

const barColumns = 10;
/** Less room than that has none for a bar, or for how long it takes so far. */
const leastForBar = 40;
/** The last column stays free: terminals differ in what they do with a line that fills it. */
const freeColumns = 1;

/**
 * What is being started, in one line: `… builder: ━━━━──────  pulling 43 % (3 of 7 layers), 12 MiB of 28 MiB, 1.5 MiB/s  12 s`; of several, how far
 * they are together, and each in words for as long as there is room. Undefined: nothing is.
 */
export function startsLine(starts: readonly Start[], now: number, {style, unicode, columns}: Look): string | undefined {
	const [first] = starts;
	if (first === undefined) return undefined;
	const isNarrow = columns < leastForBar;
	const fractions = starts.flatMap(({words}) => fractionIn(words) ?? []);
	// One of which nothing is told has hardly begun.
	const done = fractions.reduce((sum, fraction) => sum + fraction, 0) / starts.length;
	const bar = fractions.length === 0 || isNarrow ? '' : `${progressBar({done, total: 1}, barColumns, !unicode)}  `;
	const seconds = Math.floor((now - first.since) / 1000);
	const time = seconds === 0 || isNarrow ? '' : `  ${formatSpan(seconds * 1000).replace('.0 s', ' s')}`;
	const name = `${starts.length === 1 ? printable(first.name, false) : plural(starts.length, 'start')}: `;
	const words = starts.length === 1 ? first.words || 'starting' : told(starts).join('; ');
	const mark = `${style.mark('waiting')} `;
	const room = columns - freeColumns - widthOf(mark) - widthOf(time);
	const shownName = cut(name, room, style.ellipsis);
	const rest = cut(bar + printable(words, false), room - widthOf(shownName), style.ellipsis);
	return mark + style.bold(shownName) + rest + style.dim(time);
}

/** Those of which the same is told, told once: `builder and 9 more pulling 43 % …`. */
function told(starts: readonly Start[]): string[] {
	const groups = Map.groupBy(starts, ({words}) => words);
	return [...groups].map(([words, [first, ...more]]) => {
		const others = more.length === 0 ? '' : ` and ${more.length} more`;
		return `${first?.name ?? ''}${others}${words === '' ? '' : ` ${words}`}`;
	});
}

function cut(text: string, columns: number, ellipsis: string): string {
	if (columns <= 0) return '';
	return widthOf(text) > columns ? inColumns(text, columns, ellipsis).trimEnd() : text;
}
