import type {Command} from '../model/command.ts';
import {instanceSpec, stopCommand} from './pools.ts';
import type {State} from './state.ts';

/**
 * What a restarted orchestrator has to do for its state to come true again: what was commanded before the crash, and
 * perhaps performed, is commanded once more. Agents are not called: they call, or are dialled as ever.
 */
export function recover(state: State): Command[] {
	return Object.values(state.pools).flatMap(pool =>
		pool.instances.map((instance): Command => {
			if (instance.status === 'stopping') return stopCommand(pool, instance);
			const spec = instanceSpec(pool, instance.name);
			if (instance.handle === undefined) return {type: 'start-instance', spec};
			return {type: 'adopt-instance', spec, handle: instance.handle};
		}),
	);
}
