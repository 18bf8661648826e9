import type {Kill, Plan, Trouble} from './fault.ts';
import type {ChaosTask} from './flow.ts';

/** The files of a round, as a home needs them. */
export type Ground = {
	readonly directory: string;
	/** The directory in which tasks note what they do. */
	readonly data: string;
	/** Id of the round's state directory; undefined: no orchestrator has made it yet. */
	readonly owner: () => string | undefined;
};

/** Where the agents of a round live, with all that only this place has: what is there, how it is harmed, what it leaves. */
export type Home = {
	/** Keys of the crew in the workflow. */
	readonly crew: Readonly<Record<string, unknown>>;
	/** `data`, as tasks of the crew see it. */
	readonly data: string;
	/** Tasks that only this home can run. */
	readonly tasks: readonly ChaosTask[];
	/** What the orchestrator has in its environment besides. */
	readonly environment: Readonly<Record<string, string>>;
	/** Living agents that are no processes with the round's directory in their environment. */
	hiddenAgents(): number;
	/** What there is of the round, in words: `container 4be0…`. */
	left(): readonly string[];
	/** Does to its own things what a kill asks for; resolves once that is done, though not everything may be back. */
	harm(kill: Kill, victim: 'agents' | 'engine' | 'pods'): Promise<void>;
	/** Begins to trouble connections; does not wait for the end of that. */
	trouble(trouble: Trouble): void;
	/** Resolves once what was away is back, and nothing is troubled any more. */
	whole(): Promise<void>;
	/** Whether an orchestrator that has ended says that it did not find its engine. */
	isMissedIn(output: string): boolean;
	/** Removes whatever there is of the round. */
	close(): Promise<void>;
};

/** Makes the home of one round. */
export type OpenHome = (ground: Ground, plan: Plan) => Promise<Home>;

/** Processes of this host: all that is done to them is done to processes. */
export const openLocalHome: OpenHome = async ({data}) => ({
	crew: {type: 'local', slots: 4},
	data,
	tasks: [],
	environment: {},
	hiddenAgents: () => 0,
	left: () => [],
	harm: async () => undefined,
	trouble: () => undefined,
	whole: async () => undefined,
	isMissedIn: () => false,
	close: async () => undefined,
});
