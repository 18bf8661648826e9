import type {Address, AgentCalls, Health} from '../../source/agents/calls.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {AgentProcess} from './agent.ts';
import type {Life} from './life.ts';
import type {World} from './world.ts';

export type PushParts = {
	readonly world: World;
	readonly life: Life;
	readonly agent: (name: string) => AgentProcess | undefined;
};

/**
 * The calls of one life of the orchestrator to agents that are dialled, over the simulated network. A dial that was given up may come back all
 * the same: what is late is not lost.
 */
export function simulatedCalls({world, life, agent}: PushParts): AgentCalls {
	const {network} = world;
	/** `serve` is given what to do with its answer; a process that is gone refuses the connection, or nobody says anything. */
	function call<Answer>(
		{agent: name, url}: Address,
		serve: (process: AgentProcess, answer: (answer: Answer) => void) => void,
	): Promise<Answer> {
		return new Promise((resolve, reject) => {
			const back = (settle: () => void) => network.send(name, 'out', () => life.run(settle));
			network.send(name, 'in', () => {
				const process = agent(name);
				const isThere = process?.alive && ['/', `/${process.session.id}`].includes(new URL(url).pathname);
				if (isThere) serve(process, answer => back(() => resolve(answer)));
				else if (world.random.chance(0.5)) back(() => reject(new ByoaiError('unavailable', 'connection refused')));
			});
		});
	}
	return {
		health: (address, signal) =>
			new Promise((resolve, reject) => {
				signal.addEventListener('abort', () => reject(new ByoaiError('unavailable', 'given up')));
				call<Health>(address, (process, answer) => process.run(() => answer({speech: 'exchange'}))).then(resolve, reject);
			}),
		exchange: (address, orders) => call(address, (process, answer) => process.dialled(orders, answer)),
		task: () => Promise.reject(new Error('nobody here is a basic agent')),
	};
}
