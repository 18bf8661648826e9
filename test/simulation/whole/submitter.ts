import assert from 'node:assert/strict';
import type {Audit} from '../audit.ts';
import {withImages} from '../images/workflows.ts';
import {randomSubmission} from '../workflows.ts';
import type {World} from '../world.ts';
import {post, problemOf} from './requests.ts';
import {workflowFile} from './workflow-file.ts';

export type WholeSubmitterParts = {
	readonly world: World;
	readonly audit: Audit;
	readonly fetch: (request: Request) => Promise<Response>;
	/** Names of agents that tasks may ask for. */
	readonly agents: readonly string[];
	/** All is submitted in so much time. */
	readonly withinMs: number;
	/** Whether a run was removed: then nobody knows of its request any more. */
	readonly isRemoved: (run: string) => boolean;
};

const repeatMs = 2000;
/** A run that is known is asked for once more, perhaps when it has ended long ago. */
const laterMs = 60_000;

/** A client that submits runs, and sends each request again until it is answered, and once more later: it must always get the same run. */
export class WholeSubmitter {
	readonly #parts: WholeSubmitterParts;
	/** The run that each request began; undefined: it was refused. */
	readonly #runs = new Map<string, string | undefined>();
	#waiting = 0;

	constructor(parts: WholeSubmitterParts) {
		this.#parts = parts;
		const {world, withinMs} = parts;
		const {random} = world;
		for (let count = 1 + random.below(4); count > 0; count--) {
			this.#waiting++;
			world.at(random.below(withinMs), () => this.#submit());
		}
	}

	get isDone(): boolean {
		return this.#waiting === 0;
	}

	/** Runs that were begun. */
	get runs(): string[] {
		return [...this.#runs.values()].flatMap(run => run ?? []);
	}

	#submit(): void {
		const {world, agents} = this.#parts;
		const {random, images} = world;
		const plain = randomSubmission(random, '', agents);
		const {workflow} = images === undefined ? plain : withImages(plain, random, images);
		const key = world.newId('key');
		const body = JSON.stringify({workflow: workflowFile(workflow)});
		const send = () => {
			this.#ask(key, body).then(
				() => undefined,
				(error: unknown) => this.#parts.audit.fail(error),
			);
			if (!this.#runs.has(key)) world.at(repeatMs, () => this.#runs.has(key) || send());
		};
		send();
		world.at(laterMs, send);
	}

	async #ask(key: string, body: string): Promise<void> {
		const reply = await this.#answer(key, body);
		if (reply === undefined) return;
		const {status, text} = reply;
		// Too much at once, or a disk that fails: later it may be taken.
		if (status === 429 || status === 503) return;
		const run = status < 300 ? (JSON.parse(text) as {id: string}).id : undefined;
		if (status >= 400) assert.equal(status, 409, `a submission is refused: ${problemOf(text).message}`);
		// Refused at one time and taken at another: agents come and go.
		const before = this.#runs.get(key);
		if (before !== undefined && run !== undefined && ![before, run].some(this.#parts.isRemoved))
			assert.equal(run, before, `request ${key} began two runs`);
		if (!this.#runs.has(key)) this.#waiting--;
		if (before === undefined) this.#runs.set(key, run);
	}

	/** Undefined: it came to nothing, as far as can be seen from here. */
	async #answer(key: string, body: string): Promise<{status: number; text: string} | undefined> {
		try {
			const reply = await this.#parts.fetch(post('/v1/runs', body, undefined, key));
			return {status: reply.status, text: await reply.text()};
		} catch {
			return undefined;
		}
	}
}
