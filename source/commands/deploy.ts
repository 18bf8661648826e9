import type {Client} from '../client/client.ts';
import type {AgentSpec} from '../model/workflow.ts';
import type {AgentRow} from '../protocol/views.ts';
import {printable} from '../text/printable.ts';
import {plural} from '../text/spans.ts';
import {readAgentSpec} from './agent-spec.ts';
import {watchAgent} from './agent-watch.ts';
import type {Invocation, Run} from './command.ts';
import {failed, statusOfSignal} from './exit-status.ts';
import {StartNews} from './log-view/start-news.ts';
import {findOrchestrator} from './orchestrators.ts';
import {viewOfStarts} from './submission.ts';
import type {Interruption} from './terminal/interruptions.ts';

/** `byoai deploy`: an agent that a driver of the orchestrator starts, and keeps. 0: it is online. */
export const deploy: Run = async invocation => {
	const {flags, output, diagnostics, interruptions} = invocation;
	const {keys, spec} = await readAgentSpec(invocation);
	const {client} = await findOrchestrator(invocation);
	await client.deployAgent(keys);
	const waits = flags.wait !== false;
	const {promise: interrupted, resolve} = Promise.withResolvers<{readonly signal: Interruption}>();
	interruptions.take(signal => resolve({signal}));
	const awaited = waits ? await Promise.race([comesOnline(client, spec, invocation), interrupted]) : undefined;
	if (typeof awaited === 'object') {
		diagnostics.info(`agent ${spec.name} goes on being deployed: byoai agents ${spec.name}`);
		return statusOfSignal(awaited.signal);
	}
	const problem = awaited;
	if (problem !== undefined) diagnostics.error(`agent ${spec.name} does not come online: ${problem}`);
	if (flags.json === true) output.write(`${JSON.stringify(await client.agent(spec.name), undefined, 2)}\n`);
	else if (!waits) output.write(`agent ${spec.name} is being deployed\n`);
	else if (problem === undefined) output.write(`agent ${spec.name} is online: ${sizeOf(spec)}\n`);
	return problem === undefined ? 0 : failed;
};

/**
 * Tells how far it is: in a line that is written again and again where somebody can see that, else now and then. Resolves once all replicas
 * serve, or with why they do not.
 */
async function comesOnline(client: Client, {name, replicas}: AgentSpec, invocation: Invocation): Promise<string | undefined> {
	const starts = invocation.flags.json === true ? undefined : viewOfStarts(invocation);
	const news = new StartNews(starts !== undefined);
	const tell = ({id, status, instance = 'starting', starting}: AgentRow) => {
		const state = status === 'starting' ? instance : status;
		const isFurther = starting !== undefined && news.isNews(`${id} ${state}`, starting, Date.now());
		if (state === 'online' || !(isFurther || (starting === undefined && news.isNews(id, state, Date.now())))) return;
		invocation.diagnostics.info(`agent ${id} is ${state}${starting === undefined ? '' : `: ${printable(starting, false)}`}`);
	};
	try {
		const result = await watchAgent(client, name, rows => {
			rows.forEach(tell);
			starts?.news({agents: rows}, true);
			const problem = rows.find(row => row.problem !== undefined)?.problem;
			if (problem !== undefined) return {problem};
			if (rows.length === 0) return {problem: 'it was removed meanwhile'};
			return rows.filter(({status}) => status === 'online').length >= replicas ? {} : undefined;
		});
		return result.problem;
	} finally {
		starts?.close();
	}
}

function sizeOf({slots, replicas}: AgentSpec): string {
	return replicas === 1 ? plural(slots, 'slot') : `${replicas} replicas with ${plural(slots, 'slot')} each`;
}
