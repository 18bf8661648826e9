import type {AgentCalls, TaskBody} from '../../../source/agents/calls.ts';
import {ByoaiError} from '../../../source/model/error.ts';
import type {Life} from '../life.ts';
import type {World} from '../world.ts';
import type {BasicAgent} from './agent.ts';

/** After so long without a word a connection is known to be dead. */
const deadMs = 11_000;

/** The calls to basic agents, over a network that cuts connections: before the task has come, while it runs, or on the way back. */
export function callsWithBasic(
	calls: AgentCalls,
	{world, life}: {world: World; life: Life},
	agents: ReadonlyMap<string, BasicAgent>,
): AgentCalls {
	const {network, random, faults} = world;
	const isLost = (name: string, way: 'out' | 'in') => !world.healed && (random.chance(faults.drop) || network.isCut(name, way));
	function task(agent: BasicAgent, body: TaskBody, signal: AbortSignal): ReturnType<AgentCalls['task']> {
		return new Promise((resolve, reject) => {
			const broken = (why: string, ms: number) => life.later(ms, () => reject(new ByoaiError('unavailable', why, {retryable: true})));
			signal.addEventListener('abort', () => broken('it was given up', 0), {once: true});
			if (isLost(agent.name, 'in')) return broken('nobody answers', deadMs);
			world.at(network.delayMs(), () => {
				if (!agent.isThere) return broken('connection refused', network.delayMs());
				agent.task(body, reply => {
					if (reply === undefined || isLost(agent.name, 'out')) return broken('the connection was reset', random.below(deadMs));
					life.later(network.delayMs(), () => resolve(reply));
				});
			});
		});
	}
	return {
		...calls,
		health(address, signal) {
			const agent = agents.get(address.agent);
			if (agent === undefined) return calls.health(address, signal);
			return new Promise((resolve, reject) => {
				const answers = agent.isThere && !isLost(agent.name, 'in');
				const settle = () => (answers ? resolve({speech: 'task'}) : reject(new ByoaiError('unavailable', 'nobody answers')));
				life.later(network.delayMs(), settle);
			});
		},
		task(address, body, signal) {
			const agent = agents.get(address.agent);
			return agent === undefined ? calls.task(address, body, signal) : task(agent, body, signal);
		},
	};
}
