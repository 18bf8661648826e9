import {watchAgent} from './agent-watch.ts';
import type {Run} from './command.ts';
import {findOrchestrator} from './orchestrators.ts';

/** `byoai remove <agent>`: stops one that was deployed, forgets one that registered. With `--wait` until nothing is left of it. */
export const remove: Run = async invocation => {
	const {operands, flags, output} = invocation;
	const [name = ''] = operands;
	const {client} = await findOrchestrator(invocation);
	const how = await client.removeAgent(name, {force: flags.force === true});
	const isGone = how === 'forgotten' || flags.wait === true;
	if (flags.wait === true) await watchAgent(client, name, rows => (rows.length === 0 ? true : undefined));
	const status = how === 'stopping' && isGone ? 'stopped' : how;
	if (flags.json === true) output.write(`${JSON.stringify({agent: name, status}, undefined, 2)}\n`);
	else output.write(`agent ${name} is ${isGone ? status : 'being stopped'}\n`);
	return 0;
};
