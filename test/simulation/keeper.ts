import {ByoaiError} from '../../source/model/error.ts';
import type {Event} from '../../source/model/event.ts';
import type {OrchestratorHost} from './orchestrator.ts';
import {keeperSpec} from './workflows.ts';
import type {World} from './world.ts';

const repeatMs = 1000;

/** A person who deploys, drains and removes the persistent agent that runs may ask for. */
export class Keeper {
	readonly #world: World;
	readonly #orchestrator: Pick<OrchestratorHost, 'offer'>;
	#touched = false;
	#restored = false;

	constructor(world: World, orchestrator: Pick<OrchestratorHost, 'offer'>) {
		this.#world = world;
		this.#orchestrator = orchestrator;
	}

	/** Whether it may be drained or gone: tasks that ask for it then wait. */
	get isRestless(): boolean {
		return this.#touched && !this.#restored;
	}

	/** Every second: what this world's faults will have done to it. */
	tamper(): void {
		const {random, faults} = this.#world;
		const {name: agent} = keeperSpec;
		if (random.chance(faults.drain)) this.#offer(at => ({type: 'agent-drained', at, agent}), this.#takenAway);
		if (random.chance(faults.remove)) this.#offer(at => ({type: 'agent-removed', at, agent, force: random.chance(0.7)}), this.#takenAway);
		if (random.chance(faults.drain + faults.remove)) this.#offer(deployed);
	}

	/** Deploys it until that is done: then it serves whoever still waits. */
	restore(): void {
		if (!this.isRestless) return;
		let isDone = false;
		const send = () => {
			if (isDone) return;
			this.#orchestrator.offer(deployed, result => {
				// Refused while it is being removed.
				if (result instanceof ByoaiError) return;
				isDone = this.#restored = true;
			});
			this.#world.at(repeatMs, send);
		};
		send();
	}

	/** It may have waited for long, and come after the end of all faults. */
	readonly #takenAway = (result: ByoaiError | undefined): void => {
		if (result instanceof ByoaiError || !this.#restored) return;
		this.#restored = false;
		this.restore();
	};

	#offer(event: (at: number) => Event, reply: (result: ByoaiError | undefined) => void = () => undefined): void {
		this.#touched = true;
		this.#orchestrator.offer(event, reply);
	}
}

function deployed(at: number): Event {
	return {type: 'agent-deployed', at, agent: keeperSpec, directory: '/'};
}
