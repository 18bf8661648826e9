import * as z from 'zod';
import {urlProblem} from '../agents/address.ts';
import {ByoaiError} from '../model/error.ts';
import {localAgentName} from '../model/workflow.ts';
import {parseReport} from '../protocol/parse.ts';
import {registerPath} from '../protocol/routes.ts';
import type {Guard} from './auth.ts';
import type {Route} from './request.ts';
import {pathParam, readBody, readJson, readQuery} from './request.ts';
import type {Services} from './services.ts';

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
const registration = z.object({
	name: agentName,
	type: z.string().min(1).max(100),
	mode: z.enum(['pull', 'push']).default('push'),
	url: z.string().max(2000).superRefine(refuseUrl).optional(),
	slots: z.int().min(1).max(10_000).default(1),
	labels: labels.default({}),
});

type Registration = z.output<typeof registration>;

const done = {status: 'success'} as const;

/** What agents call, and the list of them. */
export function agentRoutes(services: Services, guard: Guard): Route[] {
	const {exchanges, views, limits} = services;
	return [
		{
			// Reply: `{"status":"success"}`. With `mode: pull` the agent dials; otherwise it is dialled at its `url`, and asked how it speaks.
			method: 'POST',
			path: registerPath,
			access: 'agent',
			async handle(event) {
				const body = await readBody(event, registration, limits, 'registration_bytes');
				guard.admitAgent(event.req, body.name);
				if (guard.isInstance(event.req, body.name)) refuseStranger(services, body.name);
				else await register(services, body);
				return done;
			},
		},
		{
			// A Report, answered by Orders.
			method: 'POST',
			path: '/v1/agents/:name/exchange',
			access: 'agent',
			async handle(event) {
				const name = pathParam(event, 'name');
				guard.admitAgent(event.req, name);
				if (isOurs(services, name) && !guard.isInstance(event.req, name)) {
					throw new ByoaiError('forbidden', `instance ${name} of this orchestrator has another token; this one belongs to another`);
				}
				if (!agentName.safeParse(name).success) throw new ByoaiError('not_found', `no agent ${name}`);
				return exchanges.exchange(name, parseReport(await readJson(event, limits, 'exchange_bytes')));
			},
		},
		{
			// Reply: `{"agents": AgentRow[]}`.
			method: 'GET',
			path: '/v1/agents',
			access: 'token',
			handle(event) {
				readQuery(event, z.strictObject({}));
				return {agents: views.snapshot().agents};
			},
		},
	];
}

/** An instance that says who it is changes nothing, as long as it is one of ours. */
function refuseStranger(services: Services, name: string): void {
	if (!isOurs(services, name)) throw new ByoaiError('forbidden', `no instance ${name} is kept here any more`);
}

/**
 * Whether this is the name of an instance that is kept here. Every orchestrator has a `local-agent`: one that another left behind may
 * call here when we listen where that one was, and is not to be taken for ours.
 */
function isOurs({engine}: Services, name: string): boolean {
	return Object.values(engine.state.pools).some(({instances}) => instances.some(instance => instance.name === name));
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
	if (!Object.hasOwn(agents, name) && Object.keys(agents).length >= limits.agents) {
		throw new ByoaiError('limit', `the limit agents permits no more than ${limits.agents}: remove one first`, {retryable: true});
	}
	const agent = {name, type, mode, slots, labels, ...(url !== undefined && {url})};
	await engine.submit({type: 'agent-registered', at: clock.now(), agent});
}
