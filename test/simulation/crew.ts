import {ByoaiError} from '../../source/model/error.ts';
import type {AgentOptions, AgentParts} from './agent.ts';
import {AgentProcess} from './agent.ts';
import {registeredAgents} from './workflows.ts';

/** The agents that register themselves: a process each, started again after each crash. */
export class Crew {
	readonly #parts: AgentParts;
	readonly #agents = new Map<string, AgentProcess>();
	readonly #retired = new Set<string>();
	#restarting = 0;

	constructor(parts: AgentParts) {
		this.#parts = parts;
		const {random} = parts.world;
		for (const {name, labels} of registeredAgents.slice(0, 1 + random.below(registeredAgents.length))) {
			const options: AgentOptions = {name, labels, slots: 1 + random.below(3), mode: random.pick(['pull', 'pull', 'push'])};
			this.#agents.set(name, new AgentProcess(parts, options));
		}
	}

	get names(): string[] {
		return [...this.#agents.keys()];
	}

	get agents(): AgentProcess[] {
		return [...this.#agents.values()];
	}

	get isRestless(): boolean {
		return this.#restarting > 0 || this.#retired.size > 0;
	}

	agent(name: string): AgentProcess | undefined {
		return this.#agents.get(name);
	}

	crash(name: string): void {
		const agent = this.#agents.get(name);
		if (!agent?.alive) return;
		agent.die();
		this.#restarting++;
		const {world} = this.#parts;
		world.at(world.random.below(4000), () => {
			this.#restarting--;
			this.#retired.delete(name);
			this.#agents.set(name, new AgentProcess(this.#parts, agent.options));
		});
	}

	/** A person wants it to take nothing more, or to be forgotten: until it is started again. */
	retire(name: string, type: 'agent-drained' | 'agent-removed'): void {
		this.#retired.add(name);
		this.#parts.requests.offer(
			at => ({type, at, agent: name}),
			result => {
				if (result instanceof ByoaiError) return;
				// It may have waited for long, and come after a restart, or after the end of all faults.
				this.#retired.add(name);
				if (this.#parts.world.healed) this.crash(name);
			},
		);
	}

	restartRetired(): void {
		for (const name of this.#retired) this.crash(name);
	}
}
