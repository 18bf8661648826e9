import {statSync} from 'node:fs';
import * as z from 'zod';
import {ByoaiError} from '../../model/error.ts';
import type {AgentSpec} from '../../model/workflow.ts';
import {loadAgent} from '../../workflow/load-agent.ts';
import {agent as agentKeys} from '../../workflow/schema-agent.ts';
import {volumes} from '../../workflow/schema-task.ts';
import {parsedJson} from '../body.ts';
import type {Route} from '../route.ts';
import {route} from '../route.ts';
import type {Services} from '../services.ts';
import {named} from '../shape.ts';

const keys = named('AgentKeys', agentKeys.extend({volume: volumes.optional().describe('The same as `volumes`')}));
const exampleSpec = {name: 'agent2', type: 'docker', image: 'your-agent-image:latest', volume: './data:/app/data'};

/** The original's call: an agent that a driver starts, and keeps until it is removed. */
export function deployRoute(services: Services): Route {
	const {engine, clock} = services;
	return route({
		method: 'POST',
		path: '/deploy_agent',
		id: 'deployAgent',
		summary: 'Deploy an agent',
		description: [
			'Keys are those of an agent in a workflow file, with their aliases (`volume`). It stays until it is removed; the same call again changes',
			'nothing, but ends a drain, and tries again what was given up. Host paths are relative to the workflow directory.',
		].join(' '),
		tag: 'agents',
		access: 'token',
		body: {limit: 'registration_bytes', content: [parsedJson(keys, readSpec, exampleSpec)]},
		replies: {
			200: {
				description: 'It is recorded, and being deployed: `Location` tells how far that is.',
				schema: z.object({status: z.literal('Agent deployment initiated')}),
				headers: {location: 'The path of the agent.'},
				example: {status: 'Agent deployment initiated'},
			},
			409: {
				description: 'The name is taken: by an agent with another specification, by one that registered, or by one that is being removed.',
			},
			422: {description: 'The specification is not valid, or its type is not in this version.'},
		},
		async handle({body: spec, res}) {
			const directory = hostDirectory(services.workflowDir);
			refuseImpossible(spec, directory, services);
			await services.probe([spec]);
			await engine.submit({type: 'agent-deployed', at: clock.now(), agent: spec, directory});
			res.headers.set('location', `/v1/agents/${spec.name}`);
			return {status: 'Agent deployment initiated'};
		},
	});
}

/** Throws `invalid` with all that is wrong. */
function readSpec(value: unknown): AgentSpec {
	const {spec, problems} = loadAgent(value);
	if (spec !== undefined) return spec;
	throw new ByoaiError('invalid', `the agent is not valid: ${problems.map(({message}) => message).join('; ')}`, {problems});
}

function refuseImpossible(spec: AgentSpec, directory: string, {engine, limits, supportedTypes, refusalsOf}: Services): void {
	if (!supportedTypes.has(spec.type)) throw unsupported(spec);
	const refusals = refusalsOf(spec, directory).map(message => ({message}));
	if (refusals[0] !== undefined) throw new ByoaiError('invalid', refusals[0].message, {problems: refusals});
	const {agents, pools} = engine.state;
	const kept = agents.size + Object.values(pools).filter(({run}) => run === undefined).length;
	if (kept < limits.agents || Object.hasOwn(pools, spec.name)) return;
	throw new ByoaiError('limit', `the limit agents permits no more than ${limits.agents}: remove one first`, {retryable: true});
}

function unsupported({type, name}: AgentSpec): ByoaiError {
	const message = `agents of type ${type} are not in this version (agent ${name})`;
	return new ByoaiError('unsupported', message, {problems: [{path: 'type', message}]});
}

/** Where host paths are relative to: the workflow directory, where there is one. */
function hostDirectory(workflowDir: string): string {
	return statSync(workflowDir, {throwIfNoEntry: false})?.isDirectory() === true ? workflowDir : process.cwd();
}
