import * as z from 'zod';
import {agentDetail} from '../../engine/agent-rows.ts';
import {ByoaiError} from '../../model/error.ts';
import type {AgentDetail} from '../../protocol/views.ts';
import {didYouMean} from '../../workflow/suggest.ts';
import {isOurs} from '../agent-names.ts';
import type {Guard} from '../auth.ts';
import {json} from '../body.ts';
import {exampleAgent, exampleRunDetail} from '../examples.ts';
import {agentParam} from '../params.ts';
import {queryFlag} from '../query.ts';
import type {Route} from '../route.ts';
import {route} from '../route.ts';
import {location, runReply} from '../run-reply.ts';
import {agentDetail as agentShape, runDetail} from '../schemas/row.ts';
import type {Services} from '../services.ts';
import {named} from '../shape.ts';
import type {Submissions} from '../submit.ts';

const noAgent = {description: 'There is no such agent.'};
const ownedAgent = "It belongs to a run, or is the orchestrator's own: who started it ends it";

/** One agent: what it is and runs, its drain, its end, and the workflow that it brings along. */
export function oneAgentRoutes(services: Services, guard: Guard, submissions: Submissions): Route[] {
	return [detailRoute(services), drainRoute(services), removeRoute(services), ownWorkflowRoute(services, guard, submissions)];
}

function detailRoute(services: Services): Route {
	return route({
		method: 'GET',
		path: '/v1/agents/:name',
		id: 'getAgent',
		summary: 'Show an agent',
		tag: 'agents',
		access: 'token',
		params: {name: agentParam},
		replies: {
			200: {description: 'The agent, and what it runs.', schema: agentShape, example: {...exampleAgent, attempts: []}},
			404: noAgent,
		},
		handle: ({params: {name}}) => detailOf(services, name),
	});
}

function drainRoute(services: Services): Route {
	const {engine, clock} = services;
	return route({
		method: 'POST',
		path: '/v1/agents/:name/drain',
		id: 'drainAgent',
		summary: 'Give an agent nothing new',
		description: 'What it runs goes on. Registering or deploying it again ends the drain.',
		tag: 'agents',
		access: 'token',
		params: {name: agentParam},
		replies: {
			200: {description: 'The agent.', schema: agentShape},
			404: noAgent,
			409: {description: `${ownedAgent}.`},
		},
		async handle({params: {name}}) {
			await engine.submit({type: 'agent-drained', at: clock.now(), agent: name});
			return detailOf(services, name);
		},
	});
}

function removeRoute({engine, clock}: Services): Route {
	return route({
		method: 'DELETE',
		path: '/v1/agents/:name',
		id: 'removeAgent',
		summary: 'Stop an agent that was deployed, or forget one that registered',
		description:
			'While it runs tasks that is refused, unless it is by `force`: then they count as lost, and are tried again within `retry.lost`.',
		tag: 'agents',
		access: 'token',
		params: {name: agentParam},
		query: z.strictObject({force: queryFlag.describe('Although it runs tasks.')}),
		replies: {
			202: {description: 'It was deployed, and is being stopped.'},
			204: {description: 'It had registered, and is forgotten.'},
			404: noAgent,
			409: {description: `It runs tasks. Or: ${ownedAgent.charAt(0).toLowerCase()}${ownedAgent.slice(1)}.`},
		},
		async handle({params: {name: agent}, query: {force}, res}) {
			const isRegistered = engine.state.agents.has(agent);
			await engine.submit({type: 'agent-removed', at: clock.now(), agent, ...(force && {force})});
			res.status = isRegistered ? 204 : 202;
		},
	});
}

/** What an instance has printed is asked for only while its agent does not serve: then it is what says why. */
async function detailOf({engine, views, exchanges, lastOutput}: Services, name: string): Promise<AgentDetail> {
	const row = views.agentRow(name);
	if (row === undefined)
		throw new ByoaiError(
			'not_found',
			`no agent ${name}${didYouMean(
				name,
				views.snapshot().agents.map(({id}) => id),
			)}`,
		);
	const output = row.status === 'starting' || row.status === 'lost' ? await lastOutput(row.id) : undefined;
	return {...agentDetail(engine.state, row, exchanges.lastSeenAt(name)), ...(output !== undefined && {output})};
}

const ownWorkflow = named(
	'OwnWorkflow',
	z.strictObject({
		session: z.string().min(1).max(200).describe("Of the agent's start: a start has one run."),
		text: z.string().describe('The text of a workflow file.'),
		file: z.string().min(1).max(4096).describe('As the agent names it.').optional(),
	}),
);

function ownWorkflowRoute(services: Services, guard: Guard, submissions: Submissions): Route {
	return route({
		method: 'POST',
		path: '/v1/agents/:name/workflow',
		id: 'startOwnWorkflow',
		summary: 'Run the workflow that an agent brings along',
		description: [
			'An agent with `AGENT_WORKFLOW` calls this once for each of its starts. All tasks run on that very agent; agents that the file declares',
			'are not deployed, an `env_file` is not read, and an `image` is refused.',
		].join(' '),
		tag: 'agents',
		access: 'agent',
		params: {name: agentParam},
		body: {limit: 'request_bytes', content: [json(ownWorkflow, {session: 'example', text: 'tasks:\n  - command: make\n'})]},
		replies: {
			201: {description: 'The run.', schema: runDetail, headers: location, example: exampleRunDetail},
			200: {description: 'The run of this start, which was there already.', schema: runDetail, headers: location},
			403: {description: 'The token is not that of this instance.'},
			404: noAgent,
		},
		async handle({params: {name}, body: {session, text, file}, req, res}) {
			refuseUnknown(services, guard, name, req);
			const request = `workflow of agent ${name} in session ${session}`;
			const submitted = await submissions.submit({
				text,
				directory: process.cwd(),
				request,
				onAgent: name,
				...(file !== undefined && {file}),
			});
			return runReply(submitted, res, services);
		},
	});
}

function refuseUnknown(services: Services, guard: Guard, name: string, req: Request): void {
	const isInstance = isOurs(services, name);
	if (!isInstance && !services.engine.state.agents.has(name)) throw new ByoaiError('not_found', `no agent ${name}; register it first`);
	if (isInstance && !guard.isInstance(req, name)) {
		throw new ByoaiError('forbidden', `instance ${name} of this orchestrator has another token; this one belongs to another`);
	}
}
