import type {Client} from '../client/client.ts';
import type {AgentSpec} from '../model/workflow.ts';
import type {AgentRow} from '../protocol/views.ts';
import {plural} from '../text/spans.ts';
import {readAgentSpec} from './agent-spec.ts';
import {watchAgent} from './agent-watch.ts';
import type {Run} from './command.ts';
import type {Diagnostics} from './diagnostics.ts';
import {failed} from './exit-status.ts';
import {findOrchestrator} from './orchestrators.ts';

/** `byoai deploy`: an agent that a driver of the orchestrator starts, and keeps. 0: it is online. */
export const deploy: Run = async invocation => {
	const {flags, output, diagnostics} = invocation;
	const {keys, spec} = await readAgentSpec(invocation);
	const {client} = await findOrchestrator(invocation);
	await client.deployAgent(keys);
	const waits = flags.wait !== false;
	const problem = waits ? await comesOnline(client, spec, diagnostics) : undefined;
	if (problem !== undefined) diagnostics.error(`agent ${spec.name} does not come online: ${problem}`);
	if (flags.json === true) output.write(`${JSON.stringify(await client.agent(spec.name), undefined, 2)}\n`);
	else if (!waits) output.write(`agent ${spec.name} is being deployed\n`);
	else if (problem === undefined) output.write(`agent ${spec.name} is online: ${sizeOf(spec)}\n`);
	return problem === undefined ? 0 : failed;
};

/** Tells how far it is. Resolves once all replicas serve, or with why they do not. */
async function comesOnline(client: Client, {name, replicas}: AgentSpec, diagnostics: Diagnostics): Promise<string | undefined> {
	const told = new Map<string, string>();
	const tell = ({id, status, instance = 'starting'}: AgentRow) => {
		const text = status === 'starting' ? instance : status;
		if (text !== 'online' && told.get(id) !== text) diagnostics.info(`agent ${id} is ${text}`);
		told.set(id, text);
	};
	const result = await watchAgent(client, name, rows => {
		rows.forEach(tell);
		const problem = rows.find(row => row.problem !== undefined)?.problem;
		if (problem !== undefined) return {problem};
		if (rows.length === 0) return {problem: 'it was removed meanwhile'};
		return rows.filter(({status}) => status === 'online').length >= replicas ? {} : undefined;
	});
	return result.problem;
}

function sizeOf({slots, replicas}: AgentSpec): string {
	return replicas === 1 ? plural(slots, 'slot') : `${replicas} replicas with ${plural(slots, 'slot')} each`;
}
