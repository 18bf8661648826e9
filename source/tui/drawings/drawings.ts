import type {RunDetail, RunRow, TaskRow} from '../../protocol/views.ts';
import type {RunDetails} from '../data/run-details.ts';
import type {Palette} from '../picture/palette.ts';
import type {DrawCommand, Drawing} from './draw-commands.ts';
import type {GraphTask} from './graph-tasks.ts';
import {graphTasks} from './graph-tasks.ts';
import {GraphView} from './graph-view.ts';
import type {TimeWindow} from './timeline.ts';
import {panned, timelineText, wholeRun, zoomed} from './timeline.ts';
import {rowsByAgent, rowsByTask} from './timeline-rows.ts';

export type DrawingLook = {
	readonly palette: Palette;
	readonly unicode: boolean;
	readonly width: number;
	readonly height: number;
	/** Index of the chosen task. */
	readonly chosen: number;
	/** Milliseconds since 1970. */
	readonly now: number;
};

/** The panes that draw a run, as the screen asks for them. */
export type ShownDrawings = {
	rows(pane: Drawing, run: RunRow, tasks: readonly TaskRow[], look: DrawingLook): readonly string[];
	/** For the title of a pane. */
	about(pane: Drawing): string;
};

const loading = 'reading the run';

/** Graph and timeline of a run: where somebody is in them, and what was laid out. */
export class Drawings implements ShownDrawings {
	readonly #details: Pick<RunDetails, 'of'>;
	#graph: {readonly run: string; readonly view: GraphView} | undefined;
	#known: {detail: RunDetail; rows: readonly TaskRow[]; second: number; tasks: readonly GraphTask[]} | undefined;
	#corner = {x: 0, y: 0};
	/** Absent: the whole run, however it grows. */
	#window: TimeWindow | undefined;
	#shownWindow: TimeWindow | undefined;
	#byAgent = false;
	#top = 0;

	constructor(details: Pick<RunDetails, 'of'>) {
		this.#details = details;
	}

	/** Does what a key asks for; the index of the task to choose, where that changes. */
	perform(command: DrawCommand, chosen: number, count: number): number {
		switch (command.type) {
			case 'move':
				return command.in === 'graph'
					? this.#walk(chosen, command)
					: between(chosen + (command.to === 'up' ? -command.by : command.by), count);
			case 'scale':
				if (this.#shownWindow !== undefined) this.#window = zoomed(this.#shownWindow, command.by);
				break;
			case 'pan':
				if (this.#shownWindow !== undefined) this.#window = panned(this.#shownWindow, command.by);
				break;
			case 'whole':
				this.#window = undefined;
				break;
			case 'group':
				this.#byAgent = !this.#byAgent;
				break;
		}
		return chosen;
	}

	rows(pane: Drawing, run: RunRow, tasks: readonly TaskRow[], look: DrawingLook): readonly string[] {
		const detail = this.#details.of(run.id);
		if (detail === undefined) return [look.palette.dim(`  ${loading}${look.palette.glyphs.ellipsis}`)];
		return pane === 'graph' ? this.#graphRows(detail, tasks, look) : this.#timelineRows(detail, look);
	}

	about(pane: Drawing): string {
		if (pane === 'graph') return this.#graph?.view.isDrawn === false ? 'as a tree' : '* took longest';
		return [this.#byAgent ? 'by agent' : 'by task', ...(this.#window === undefined ? [] : ['zoomed'])].join(', ');
	}

	#graphRows(detail: RunDetail, rows: readonly TaskRow[], {palette, unicode, width, height, chosen, now}: DrawingLook): readonly string[] {
		const tasks = this.#tasksOf(detail, rows, now);
		if (this.#graph?.run !== detail.id) {
			this.#graph = {run: detail.id, view: new GraphView(tasks)};
			this.#corner = {x: 0, y: 0};
		}
		const {view} = this.#graph;
		const inside = width - 1;
		this.#corner = view.reveal(chosen, {...this.#corner, width: inside, height});
		const drawn = view.rows(tasks, {paint: palette, ascii: !unicode, ...this.#corner, width: inside, height, selected: chosen});
		return drawn.map(row => ` ${row}`);
	}

	/** Structure and times as they were last read, statuses as they are now. */
	#tasksOf(detail: RunDetail, rows: readonly TaskRow[], now: number): readonly GraphTask[] {
		const second = Math.floor(now / 1000);
		const known = this.#known;
		const isOver = detail.endedAt !== undefined;
		if (known?.detail === detail && known.rows === rows && (isOver || known.second === second)) return known.tasks;
		const tasks = graphTasks(detail.tasks, now).map((task, at) => ({...task, status: rows[at]?.status ?? task.status}));
		this.#known = {detail, rows, second, tasks};
		return tasks;
	}

	#timelineRows(detail: RunDetail, {palette, unicode, width, height, chosen, now}: DrawingLook): readonly string[] {
		const rows = this.#byAgent ? rowsByAgent(detail) : rowsByTask(detail);
		const window = this.#window ?? wholeRun(detail, now);
		this.#shownWindow = window;
		const selected = this.#byAgent ? rows.findIndex(({task}) => task === chosen) : chosen;
		const inSight = Math.max(1, height - 1);
		if (selected >= 0) this.#top = Math.max(selected - inSight + 1, Math.min(this.#top, selected));
		this.#top = Math.max(0, Math.min(this.#top, rows.length - inSight));
		return timelineText(rows, {
			paint: palette,
			ascii: !unicode,
			window,
			zero: detail.createdAt,
			now: detail.endedAt ?? now,
			width,
			height,
			y: this.#top,
			selected,
		});
	}

	#walk(chosen: number, {to, by}: Extract<DrawCommand, {type: 'move'}>): number {
		let at = chosen;
		for (let step = 0; step < by; step++) {
			const next = this.#graph?.view.move(at, to);
			if (next === undefined) break;
			at = next;
		}
		return at;
	}
}

function between(at: number, count: number): number {
	return Math.max(0, Math.min(count - 1, at));
}
