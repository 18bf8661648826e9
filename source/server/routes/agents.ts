import * as z from 'zod';
import {urlProblem} from '../../agents/address.ts';
import {ByoaiError} from '../../model/error.ts';
import {localAgentName} from '../../model/workflow.ts';
import {parseReport} from '../../protocol/parse.ts';
import {registerPath} from '../../protocol/routes.ts';
import {isOurs} from '../agent-names.ts';
import type {Guard} from '../auth.ts';
import {json, parsedJson} from '../body.ts';
import {exampleAgent} from '../examples.ts';
import {agentParam} from '../params.ts';
import type {Route} from '../route.ts';
import {route} from '../route.ts';
import {orders, report} from '../schemas/exchange.ts';
import {agentRow} from '../schemas/row.ts';
import type {Services} from '../services.ts';
import {named} from '../shape.ts';

/** Names of agents of ours and of others; those of instances have a `~`. A name that every object has would be found where nothing is. */
const agentName = z
	.string()
	.regex(/^[A-Za-z0-9][A-Za-z0-9_.~-]{0,199}$/, 'must be letters, digits, `_`, `.`, `-`, beginning with a letter or digit')
	.refine(name => !(name in Object.prototype), 'is a word of JavaScript and cannot be the name of an agent');
const labels = z.record(z.string().min(1).max(100), z.string().max(200));

function refuseUrl(url: string, context: z.RefinementCtx<string>): void {
	const problem = urlProblem(url);
	if (problem !== undefined) context.addIssue(problem);
}

/** Unknown keys are passed over, for newer agents. */
const registration = named(
	'Registration',
	z.object({
		name: agentName,
		type: z.string().min(1).max(100),
		mode: z.enum(['pull', 'push']).default('push'),
		url: z.string().max(2000).superRefine(refuseUrl).optional(),
		slots: z.int().min(1).max(10_000).default(1),
		labels: labels.default({}),
	}),
);

type Registration = z.output<typeof registration>;

const emptyReport = {session: 'example', number: 1, held: [], free: 1, outcomes: [], logs: [], waitMs: 10_000};

/** What agents call, and the list of them. */
export function agentRoutes(services: Services, guard: Guard): Route[] {
	return [registerRoute(services, guard), exchangeRoute(services, guard), listRoute(services)];
}

function registerRoute(services: Services, guard: Guard): Route {
	return route({
		method: 'POST',
		path: registerPath,
		id: 'registerAgent',
		summary: 'Make an agent known',
		description: [
			'The agent itself calls this, or somebody who knows of it. The newer registration of a name holds. Unknown keys are passed over.',
			'With `mode: pull` the agent dials; otherwise it is dialled at its `url`, and asked which protocol it speaks.',
		].join(' '),
		tag: 'agents',
		access: 'agent',
		body: {
			limit: 'registration_bytes',
			content: [json(registration, {name: 'agent1', url: 'http://10.0.0.7:5000', type: 'docker', slots: 2, labels: {zone: 'a'}})],
		},
		replies: {
			200: {description: 'It is known.', schema: z.object({status: z.literal('success')}), example: {status: 'success'}},
			409: {description: "The name is taken: it is the orchestrator's own."},
		},
		async handle({body, req}) {
			if (guard.isInstance(req, body.name)) refuseStranger(services, body.name);
			else await register(services, body);
			return {status: 'success'};
		},
	});
}

function exchangeRoute(services: Services, guard: Guard): Route {
	return route({
		method: 'POST',
		path: '/v1/agents/:name/exchange',
		id: 'exchange',
		summary: 'Exchange a Report for Orders',
		description:
			'The agent protocol, dialled by the agent: it says what it holds and what has ended, and is told what to start and to stop.',
		tag: 'agents',
		access: 'agent',
		params: {name: agentParam},
		body: {limit: 'exchange_bytes', content: [parsedJson(report, parseReport, emptyReport)]},
		replies: {
			200: {description: 'What the orchestrator wants; held back while there is nothing to say.', schema: orders},
			404: {description: 'Nobody registered an agent of that name.'},
			409: {description: 'The session is not the newest of this agent any more.'},
		},
		handle({params: {name}, body, req}) {
			if (isOurs(services, name) && !guard.isInstance(req, name)) {
				throw new ByoaiError('forbidden', `instance ${name} of this orchestrator has another token; this one belongs to another`);
			}
			if (!agentName.safeParse(name).success) throw new ByoaiError('not_found', `no agent ${name}`);
			return services.exchanges.exchange(name, body);
		},
	});
}

function listRoute({views}: Services): Route {
	return route({
		method: 'GET',
		path: '/v1/agents',
		id: 'listAgents',
		summary: 'List the agents',
		tag: 'agents',
		access: 'token',
		replies: {200: {description: 'All agents.', schema: z.object({agents: z.array(agentRow)}), example: {agents: [exampleAgent]}}},
		handle: () => ({agents: views.snapshot().agents}),
	});
}

/** An instance that says who it is changes nothing, as long as it is one of ours. */
function refuseStranger(services: Services, name: string): void {
	if (!isOurs(services, name)) throw new ByoaiError('forbidden', `no instance ${name} is kept here any more`);
}

async function register({engine, clock, limits}: Services, {name, type, mode, url, slots, labels}: Registration): Promise<void> {
	if (mode === 'push' && url === undefined) {
		const problem = {
			path: 'url',
			message: 'is missing: where the agent is dialled. An agent that dials by itself registers with "mode": "pull"',
		};
		throw new ByoaiError('invalid', `the body is not valid: url: ${problem.message}`, {problems: [problem]});
	}
	if (name === localAgentName) throw new ByoaiError('conflict', `the name ${name} is the orchestrator's own`);
	const {agents} = engine.state;
	if (!agents.has(name) && agents.size >= limits.agents) {
		throw new ByoaiError('limit', `the limit agents permits no more than ${limits.agents}: remove one first`, {retryable: true});
	}
	const agent = {name, type, mode, slots, labels, ...(url !== undefined && {url})};
	await engine.submit({type: 'agent-registered', at: clock.now(), agent});
}
