import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync, watch} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {isAgent, processesWith} from '../helpers/found-processes.ts';
import {CommitCount} from './commits.ts';
import type {Moment} from './fault.ts';
import type {Place} from './place.ts';

/** Each look costs the machine something, on which everything else waits. */
const pollMs = 15;

/** One life of an orchestrator: the built program from its start to its end, with the commits that it makes. */
export class Life {
	readonly process: ChildProcess;
	readonly ended: Promise<{status: number | null; signal: NodeJS.Signals | null}>;
	/** All that it printed. */
	output = '';
	readonly #place: Place;
	readonly #commits: CommitCount;
	readonly #commitsBefore: number;
	readonly #begunAt = performance.now();
	#hasEnded = false;

	constructor(place: Place, file: 'flow.json' | 'after.json') {
		this.#place = place;
		this.#commits = new CommitCount(place.database);
		this.#commitsBefore = this.#commits.now();
		this.process = spawn(process.execPath, [place.program.cli, '-f', file, '--no-tui'], {
			cwd: place.directory,
			env: place.environment,
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		for (const stream of [this.process.stdout, this.process.stderr]) {
			stream?.on('data', (chunk: Buffer) => {
				this.output += chunk.toString();
			});
		}
		this.ended = once(this.process, 'close').then(([status, signal]) => {
			this.#hasEnded = true;
			return {status, signal};
		});
	}

	/** Commits of this life so far. */
	get commits(): number {
		return this.#commits.now() - this.#commitsBefore;
	}

	/** Resolves at the moment, with true, or when the life has ended before, with false. */
	async reaches(moment: Moment): Promise<boolean> {
		if ('ms' in moment) return this.#stillLivesAfter(moment.ms - (performance.now() - this.#begunAt));
		if ('commits' in moment) return this.#until(() => this.commits >= moment.commits, this.#place.state);
		if ('notes' in moment) return this.#until(() => notesIn(this.#place.ledger) >= moment.notes, dirname(this.#place.ledger));
		return (await this.#listens()) !== undefined && this.#stillLivesAfter(moment.listeningMs);
	}

	/** Milliseconds from its start until it hears from as many agents as lived before it; undefined when that does not come. */
	async adopts(agents: number): Promise<number | undefined> {
		const url = await this.#listens();
		while (url !== undefined && !this.#hasEnded) {
			const rows = await agentsOnline(url);
			if (rows >= agents) return performance.now() - this.#begunAt;
			await sleep(pollMs);
		}
		return undefined;
	}

	async #stillLivesAfter(ms: number): Promise<boolean> {
		await Promise.race([sleep(Math.max(0, ms)), this.ended]);
		return !this.#hasEnded;
	}

	/** The file system tells of each write, so that the kill comes before the next one where the machine is quick enough. */
	async #until(condition: () => boolean, directory: string): Promise<boolean> {
		const {promise, resolve} = Promise.withResolvers<void>();
		const look = () => condition() && resolve();
		const watcher = watch(directory, look);
		const timer = setInterval(look, pollMs);
		try {
			await Promise.race([promise, this.ended]);
			return !this.#hasEnded;
		} finally {
			watcher.close();
			clearInterval(timer);
		}
	}

	async #listens(): Promise<string | undefined> {
		while (!this.#hasEnded) {
			const endpoint = await readEndpoint(join(this.#place.state, 'endpoint'));
			if (endpoint?.pid === this.process.pid) return endpoint?.url;
			await sleep(pollMs);
		}
		return undefined;
	}
}

/** How many agents there are that a new orchestrator has to adopt. */
export function livingAgents(place: Place): number {
	return processesWith(place.directory).filter(isAgent).length + place.home.hiddenAgents();
}

/** Lines that tasks have written. */
function notesIn(ledger: string): number {
	try {
		return readFileSync(ledger, 'utf8').split('\n').length - 1;
	} catch {
		return 0; // nothing has begun
	}
}

async function readEndpoint(path: string): Promise<{url: string; pid: number} | undefined> {
	try {
		return JSON.parse(await readFile(path, 'utf8')) as {url: string; pid: number};
	} catch {
		return undefined; // there is none now
	}
}

async function agentsOnline(url: string): Promise<number> {
	try {
		const {agents} = (await (await fetch(`${url}/v1/agents`)).json()) as {agents: ReadonlyArray<{status: string}>};
		return agents.filter(({status}) => status === 'online').length;
	} catch {
		return 0; // it is being killed
	}
}
