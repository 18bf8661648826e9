import assert from 'node:assert/strict';
import type {Client} from '../../../source/client/client.ts';
import {createClient} from '../../../source/client/client.ts';
import {Mirror} from '../../../source/client/mirror.ts';
import type {Audit} from '../audit.ts';
import type {World} from '../world.ts';
import type {WholeHost} from './host.ts';
import {origin} from './requests.ts';

export type WatcherParts = {
	readonly world: World;
	readonly audit: Audit;
	readonly host: WholeHost;
	readonly fetch: (request: Request) => Promise<Response>;
};

/** A client that shows all there is: its mirror must be what a fresh snapshot would be, whenever it has heard of the newest change. */
export class Watcher {
	readonly #parts: WatcherParts;
	#mirror: Mirror | undefined;
	#abort = new AbortController();
	#lastId: string | undefined;
	#comparisons = 0;

	constructor(parts: WatcherParts) {
		this.#parts = parts;
		this.restart();
	}

	/** How often it was in step and looked at. */
	get comparisons(): number {
		return this.#comparisons;
	}

	/** Whether it shows what is there now. */
	get isInStep(): boolean {
		return this.#mirror?.live === true && this.#lastId === this.#parts.host.views?.id;
	}

	/** The client ends, and another one begins with nothing. */
	restart(): void {
		const {world, audit, fetch} = this.#parts;
		this.#abort.abort();
		this.#abort = new AbortController();
		this.#lastId = undefined;
		const client = createClient({fetch, url: origin});
		const {signal} = this.#abort;
		const mirror = new Mirror(this.#overheard(client, signal), {
			random: () => world.random.unit(),
			wait: (ms, signal) =>
				new Promise(resolve => {
					signal.addEventListener('abort', () => resolve());
					world.at(ms, () => {
						world.promisesWait = true;
						resolve();
					});
				}),
		});
		this.#mirror = mirror;
		mirror.subscribe(({type}) => {
			world.trace(() => `the watcher hears ${type}, last ${this.#lastId}`);
			if (type !== 'broken' && !signal.aborted) this.compare();
		});
		mirror.follow(signal).catch((error: unknown) => audit.fail(error));
	}

	/** Ends for good. */
	close(): void {
		this.#abort.abort();
	}

	/** Where it has heard of the newest change, it shows what a fresh snapshot would. */
	compare(): void {
		const {views} = this.#parts.host;
		const mirror = this.#mirror;
		if (views === undefined || mirror === undefined || views.id !== this.#lastId) return;
		try {
			const {runs, tasks, agents} = views.snapshot;
			this.#comparisons++;
			assert.deepEqual(byId([...mirror.runs.values()]), byId(plain(runs)), 'runs in the mirror');
			assert.deepEqual(byId([...mirror.agents.values()]), byId(plain(agents)), 'agents in the mirror');
			// Tasks of runs that have ended are still there, where they were seen.
			const active = new Set(tasks.map(({run}) => run));
			const shown = [...mirror.tasks.values()].filter(({run}) => active.has(run));
			assert.deepEqual(byId(shown), byId(plain(tasks)), 'tasks in the mirror');
		} catch (error) {
			this.#parts.audit.fail(error);
		}
	}

	/** Tasks as they were shown last, of a run that has ended. */
	tasksOf(run: string): string[] {
		return [...(this.#mirror?.tasks.values() ?? [])]
			.filter(task => task.run === run)
			.sort((a, b) => a.task - b.task)
			.map(({status}) => status);
	}

	#overheard(client: Client, own: AbortSignal): Pick<Client, 'events'> {
		const heard = (id: string) => {
			if (!own.aborted) this.#lastId = id;
		};
		return {
			async *events(signal, lastId) {
				for await (const event of client.events(signal, lastId)) {
					heard(event.id);
					yield event;
				}
			},
		};
	}
}

function byId<Row extends {readonly id: string}>(rows: readonly Row[]): Row[] {
	return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** As it comes over the wire. */
function plain<Value>(value: Value): Value {
	return JSON.parse(JSON.stringify(value));
}
