import {setTimeout as sleep} from 'node:timers/promises';
import type {Client} from '../../client/client.ts';
import type {Limits} from '../../model/limits.ts';
import {cellWidth, plainOf} from '../../text/cells.ts';
import {formatCount} from '../../text/spans.ts';
import type {Look, Palette} from '../picture/palette.ts';
import type {LogCommand} from './commands.ts';
import type {Timestamps} from './format.ts';
import {after, LogNarrowing} from './narrowing.ts';
import {createLogPaint} from './paint.ts';
import {LogRing} from './ring.ts';
import type {LogSelection} from './selection.ts';
import {LogSource} from './source.ts';
import {LogView} from './view.ts';

export type LogPaneOptions = {
	readonly client: Client;
	readonly look: Look;
	readonly palette: Palette;
	readonly limits: Pick<Limits, 'tui_log_lines' | 'tui_line_characters' | 'tui_frame_lines'>;
	/** Milliseconds since 1970. */
	readonly now: () => number;
	/** There is something to draw. */
	readonly heard: () => void;
	/** What is to be shown cannot be had. */
	readonly failed: (error: unknown) => void;
};

/** The log pane as it is drawn. */
export type ShownLogs = {
	/** Exactly so many rows or fewer, none wider. */
	rows(width: number, height: number): readonly string[];
	/** What is shown of the output, for the title: `following`, `+12 new`, `match 3/17`. */
	readonly about: readonly string[];
	/** Searched or filtered: there is something to take back. */
	readonly isNarrowed: boolean;
};

/** So wide a pane shows the time of each line unless told otherwise. */
const widthForTimes = 100;
const times: readonly Timestamps[] = ['none', 'time', 'relative'];

/** The output of what is selected, and what keys make of it. */
export class LogPane implements ShownLogs {
	readonly #view: LogView;
	readonly #source: LogSource;
	readonly #options: LogPaneOptions;
	readonly #narrowing: LogNarrowing;
	#timestamps: Timestamps | undefined;
	#zero = 0;
	#selection: LogSelection | undefined;
	#labels: {width: number; readonly texts: Set<string>} = {width: 0, texts: new Set()};
	#isWorking = false;
	#isClosed = false;

	constructor(options: LogPaneOptions) {
		this.#options = options;
		const {client, look, palette, limits, now, heard} = options;
		const {colour} = look;
		const paint = {...createLogPaint(look), dim: palette.dim, label: (text: string, index: number) => palette.task(index)(text)};
		this.#view = new LogView({ring: new LogRing({limit: limits.tui_log_lines}), paint, now: () => performance.now()});
		this.#narrowing = new LogNarrowing(this.#view);
		this.#source = new LogSource({
			client,
			view: this.#view,
			frameLines: limits.tui_frame_lines,
			sanitise: {colour, lineCharacters: limits.tui_line_characters},
			now,
			wait: async (ms, signal) => sleep(ms, undefined, {signal}).catch(() => undefined),
			heard,
		});
	}

	/** The line that somebody looks at, without its colours: the match that was gone to, else the last in sight. */
	get line(): string | undefined {
		const {visible, look} = this.#view;
		const line = visible.find(({seq}) => seq === look.now.searchAt) ?? visible.at(-1);
		return line === undefined ? undefined : plainOf(line.text);
	}

	/** Lines that came so far, those included that were left out. */
	get received(): number {
		return this.#view.ring.received;
	}

	/** Shows the output of something else; the same again tells what became of it. `zero`: what relative times count from. */
	select(selection: LogSelection | undefined, zero: number): void {
		this.#zero = zero;
		if (selection?.kind !== this.#selection?.kind || selection?.kind === 'task') this.#forgetLabels(selection);
		this.#selection = selection;
		this.#source.select(selection);
	}

	/** Has what came meanwhile drawn with the next rows. */
	flush(): void {
		this.#source.flush();
		const {state} = this.#source;
		if (state.type === 'failed') this.#options.failed(state.error);
		this.#workOn();
	}

	rows(width: number, height: number): readonly string[] {
		this.#view.look.setTimestamps(this.#timestamps ?? (width >= widthForTimes ? 'time' : 'none'), this.#zero);
		let rows = this.#view.rows(width, height);
		if (this.#learnLabels()) rows = this.#view.rows(width, height);
		if (this.#view.wantsOlder && this.#source.hasOlder) this.#source.loadOlder().catch(this.#options.failed);
		if (rows.length > 0) return rows;
		const words = {
			none: '',
			following: 'no output yet',
			ended: 'no output',
			waiting: 'waiting for the connection',
			failed: 'not to be had',
		};
		const text = this.isNarrowed ? 'no line that is at hand passes the filters' : words[this.#source.state.type];
		return [this.#options.palette.dim(`  ${text}`.slice(0, width))];
	}

	get about(): readonly string[] {
		const view = this.#view;
		const {type} = this.#source.state;
		const place = view.following
			? [type === 'none' ? '' : type]
			: [`${formatCount(view.cameSince)} new`, ...(type === 'waiting' ? [type] : [])];
		return [...this.#narrowing.about, ...place].filter(text => text !== '');
	}

	get isNarrowed(): boolean {
		return this.#narrowing.isOn;
	}

	/** The text of the lines in sight, without colours or marks of ours. */
	get visible(): ReturnType<LogView['rows']> {
		return this.#view.visible.map(({text}) => text);
	}

	perform(command: LogCommand): void {
		const view = this.#view;
		this.#narrowing.lastJump = undefined;
		switch (command.type) {
			case 'scroll':
				view.scroll(command.by);
				break;
			case 'page':
				view.page(command.by);
				break;
			case 'first':
				view.toStart();
				break;
			case 'last':
				view.follow();
				break;
			case 'follow':
				if (view.following) view.pin();
				else view.follow();
				break;
			case 'wrap':
				view.look.setWrap(!view.settings.wrap);
				break;
			case 'shift':
				view.look.shift(command.by);
				break;
			case 'timestamps':
				this.#timestamps = after(times, view.settings.timestamps);
				break;
			case 'level':
				this.#narrowing.nextLevel();
				break;
			case 'match':
				this.#narrowing.lastJump = view.nextMatch(command.forward);
				break;
			case 'error':
				this.#narrowing.lastJump = view.nextError(command.forward);
				break;
			case 'search':
			case 'only':
			case 'without':
				this.#narrowing.type(command);
				break;
			case 'keep':
				this.#narrowing.keep();
				break;
			case 'clear':
				this.#narrowing.clear();
				break;
		}
		this.#workOn();
	}

	close(): void {
		this.#isClosed = true;
		this.#source.close();
	}

	/** Goes on with searching between keys and frames. */
	#workOn(): void {
		if (this.#isWorking || this.#isClosed || !this.#view.work()) return;
		this.#isWorking = true;
		setImmediate(() => {
			this.#isWorking = false;
			this.#options.heard();
			this.#workOn();
		});
	}

	/** Output of a single task has no labels. */
	#forgetLabels(selection: LogSelection | undefined): void {
		if (this.#labels.width === 0 && selection?.kind === 'task') return;
		this.#labels = {width: 0, texts: new Set()};
		this.#view.look.setLabels([]);
	}

	/** Labels are as wide as the widest that was seen. Whether they became wider. */
	#learnLabels(): boolean {
		if (this.#selection === undefined || this.#selection.kind === 'task') return false;
		let {width} = this.#labels;
		for (const {origin} of this.#view.visible) {
			if (this.#labels.texts.has(origin.label)) continue;
			this.#labels.texts.add(origin.label);
			width = Math.max(width, cellWidth(origin.label));
		}
		if (width === this.#labels.width) return false;
		this.#labels.width = width;
		this.#view.look.setLabels([...this.#labels.texts]);
		return true;
	}
}
