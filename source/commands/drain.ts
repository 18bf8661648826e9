import {watchAgent} from './agent-watch.ts';
import type {Run} from './command.ts';
import {findOrchestrator} from './orchestrators.ts';
import {plural} from './spans.ts';

/** `byoai drain <agent>`: it gets nothing new. With `--wait` until nothing runs there any more. */
export const drain: Run = async invocation => {
	const {operands, flags, output, diagnostics} = invocation;
	const [name = ''] = operands;
	const {client} = await findOrchestrator(invocation);
	let agent = await client.drainAgent(name);
	const count = agent.attempts.length;
	if (flags.wait === true) {
		if (count > 0) diagnostics.info(`${plural(count, 'task')} still ${count === 1 ? 'runs' : 'run'} on agent ${name}`);
		const isIdle = await watchAgent(client, name, rows => (rows.every(({used}) => used === 0) ? rows.length > 0 : undefined));
		if (isIdle) agent = await client.agent(name);
	}
	const left = flags.wait === true ? 0 : count;
	if (flags.json === true) output.write(`${JSON.stringify(agent, undefined, 2)}\n`);
	else
		output.write(
			`agent ${name} gets nothing new; ${left === 0 ? 'nothing runs there' : `${plural(left, 'task')} still ${left === 1 ? 'runs' : 'run'} there`}\n`,
		);
	return 0;
};
