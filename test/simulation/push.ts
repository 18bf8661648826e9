import type {Address, AgentCalls} from '../../source/agents/calls.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {Orders, Report} from '../../source/protocol/messages.ts';
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
	const {network, random} = world;
	/** The process that listens there. */
	function processAt({agent: name, url}: Address): AgentProcess | undefined {
		const process = agent(name);
		return process?.alive && ['/', `/${process.session.id}`].includes(new URL(url).pathname) ? process : undefined;
	}
	/** A process that is gone refuses the connection, or nobody says anything. */
	function exchange(address: Address, orders: Orders): Promise<Report> {
		return new Promise((resolve, reject) => {
			const back = (settle: () => void) => network.send(address.agent, 'out', () => life.run(settle));
			network.send(address.agent, 'in', () => {
				const process = processAt(address);
				if (process !== undefined) process.dialled(orders, report => back(() => resolve(report)));
				else if (random.chance(0.5)) back(() => reject(new ByoaiError('unavailable', 'connection refused')));
			});
		});
	}
	return {
		exchange,
		// Prompt, whatever the network is like: else the exchange would seldom begin where its messages are late, and what is late then go
		// untested.
		health: address =>
			new Promise((resolve, reject) => {
				const answers = processAt(address) !== undefined && (world.healed || random.chance(0.8));
				const settle = () => (answers ? resolve({speech: 'exchange'}) : reject(new ByoaiError('unavailable', 'nobody answers')));
				life.later(1 + random.below(60), settle);
			}),
		task: () => Promise.reject(new Error('nobody here is a basic agent')),
	};
}
