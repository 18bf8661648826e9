import {withImages} from './images/workflows.ts';
import type {OrchestratorHost} from './orchestrator.ts';
import {randomSubmission} from './workflows.ts';
import type {World} from './world.ts';

export type SubmitterParts = {
	readonly world: World;
	readonly orchestrator: OrchestratorHost;
	/** Names of agents that tasks may ask for. */
	readonly agents: readonly string[];
	/** All is submitted in so much time. */
	readonly withinMs: number;
};

const repeatMs = 2000;

/** A client that submits runs, and repeats each until it is told of it. */
export class Submitter {
	readonly #parts: SubmitterParts;
	#waiting = 0;

	constructor(parts: SubmitterParts) {
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

	#submit(): void {
		const {world, orchestrator, agents} = this.#parts;
		const {random, images} = world;
		const plain = randomSubmission(random, world.newRun(), agents);
		const submission = images === undefined ? plain : withImages(plain, random, images);
		let isKnown = false;
		const known = () => {
			if (!isKnown) this.#waiting--;
			isKnown = true;
		};
		const send = () => {
			if (isKnown) return;
			// Asked by somebody else at the same time, it is refused for being there already.
			orchestrator.submit(submission, known);
			world.at(repeatMs, send);
		};
		send();
	}
}
