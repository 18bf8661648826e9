import type {AgentRow} from '../protocol/views.ts';
import {plural} from '../text/spans.ts';
import {rowsOf, watchAgent} from './agent-watch.ts';
import type {Run} from './command.ts';
import {findOrchestrator} from './orchestrators.ts';

/** `byoai drain <agent>`: it gets nothing new. With `--wait` until nothing runs there any more. */
export const drain: Run = async invocation => {
	const {operands, flags, output, diagnostics} = invocation;
	const [name = ''] = operands;
	const {client} = await findOrchestrator(invocation);
	await client.drainAgent(name);
	let left = usedBy(rowsOf(name, await client.agents()));
	if (flags.wait === true && left > 0) {
		diagnostics.info(`agent ${name}: ${runsThere(left)}`);
		await watchAgent(client, name, rows => (usedBy(rows) === 0 ? true : undefined));
		left = 0;
	}
	if (flags.json === true) output.write(`${JSON.stringify(rowsOf(name, await client.agents()), undefined, 2)}\n`);
	else output.write(`agent ${name} gets nothing new; ${left === 0 ? 'nothing runs there' : runsThere(left)}\n`);
	return 0;
};

function usedBy(rows: readonly AgentRow[]): number {
	return rows.reduce((sum, {used}) => sum + used, 0);
}

function runsThere(tasks: number): string {
	return `${plural(tasks, 'task')} still ${tasks === 1 ? 'runs' : 'run'} there`;
}
