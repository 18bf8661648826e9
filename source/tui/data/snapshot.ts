import type {AgentRow, RunRow, TaskRow} from '../../protocol/views.ts';
import type {DetailView} from './detail-feed.ts';
import type {Stuck} from './stuck-feed.ts';

export type Connection = {
	readonly url: string;
	readonly state: 'connecting' | 'live' | 'broken';
	/** Nothing is changed over it. */
	readonly isReadonly: boolean;
	/** Why it is broken, in words. */
	readonly trouble?: string;
};

/** What there is to show at one moment. Lists that did not change are the same objects as in the snapshot before. */
export type Snapshot = {
	/** Milliseconds since 1970. */
	readonly now: number;
	readonly connection: Connection;
	/** Newest first. */
	readonly runs: readonly RunRow[];
	/** By name. */
	readonly agents: readonly AgentRow[];
	/** The run whose tasks are shown. */
	readonly run: RunRow | undefined;
	/** Its tasks, in file order. */
	readonly tasks: readonly TaskRow[];
	/** What is looked at whole; absent: nothing is. */
	readonly detail?: DetailView;
	/** A task of the run that waits for what will not come by itself. */
	readonly stuck?: Stuck;
	readonly diagnostics: readonly string[];
};
