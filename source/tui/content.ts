import type {RunId} from '../model/ids.ts';
import type {RunRow} from '../protocol/views.ts';
import {DetailFeed} from './data/detail-feed.ts';
import type {Lists} from './data/lists.ts';
import {ListCache} from './data/lists.ts';
import {LiveData} from './data/live-data.ts';
import {RunDetails} from './data/run-details.ts';
import type {Snapshot} from './data/snapshot.ts';
import {StuckFeed} from './data/stuck-feed.ts';
import {Drawings} from './drawings/drawings.ts';
import type {LogPaneOptions} from './logs/pane.ts';
import {LogPane} from './logs/pane.ts';
import {selectionOf} from './logs/sources.ts';
import type {Ui} from './ui.ts';

export type ContentOptions = LogPaneOptions & {readonly address: () => string; readonly isReadonly: boolean};

/** What the panes are filled with, and what of it is asked for: only what somebody looks at. */
export class Content {
	/** Rejects when trying again does not help. */
	readonly done: Promise<void>;
	readonly logs: LogPane;
	readonly drawings: Drawings;
	readonly #data: LiveData;
	readonly #details: RunDetails;
	readonly #detail: DetailFeed;
	readonly #stuck: StuckFeed;
	readonly #lists = new ListCache();

	constructor(options: ContentOptions) {
		this.#data = new LiveData({
			...options,
			heard: () => {
				this.#detail.changed();
				options.heard();
			},
		});
		this.logs = new LogPane(options);
		this.#details = new RunDetails(options);
		this.#detail = new DetailFeed(options);
		this.#stuck = new StuckFeed(options);
		this.drawings = new Drawings(this.#details);
		this.done = this.#data.done;
	}

	/** Newest first. */
	get runs(): readonly RunRow[] {
		return this.#data.runs;
	}

	/** Has at hand what is to be shown from now on. */
	follow(ui: Ui): void {
		const data = this.#data;
		const run = data.run(ui.run);
		data.show(run?.id);
		this.#detail.show(ui.layer?.kind === 'detail' ? ui.layer.of : undefined);
		const {selection, zero} = selectionOf(ui, {run, runs: data.runs, tasksOf: id => data.tasks(id)});
		this.logs.select(selection, zero);
	}

	snapshot(run: RunId | undefined): Omit<Snapshot, 'now' | 'diagnostics'> {
		const detail = this.#detail.view;
		const stuck = this.#stuck.view;
		return {...this.#data.snapshot(run), ...(detail && {detail}), ...(stuck && {stuck})};
	}

	lists(snapshot: Snapshot, ui: Ui): Lists {
		return this.#lists.of(snapshot, ui);
	}

	/** Before a picture is made. */
	prepare({run, tasks, now}: Snapshot, {list, pane}: Ui): void {
		if (run !== undefined && [list, pane].some(of => of === 'graph' || of === 'timeline')) this.#details.want(run.id, tasks);
		this.#stuck.look(tasks, now);
		this.logs.flush();
	}

	close(): void {
		this.#data.close();
		this.logs.close();
		this.#details.close();
		this.#detail.close();
	}
}
