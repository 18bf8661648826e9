import {expect, test} from 'vitest';
import type {Reach} from '../../source/agents/instance-contacts.ts';
import type {Driver} from '../../source/drivers/driver.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {RunDetail} from '../../source/protocol/views.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {answerJson, serve} from '../helpers/serve.ts';

/** Instances without anything in them: whoever is reached stands elsewhere. */
function hollow(driver: Driver): Driver {
	return {
		...driver,
		start: ({name}) => Promise.resolve({driver: 'fake', serial: name}),
		watch: (_name, _handle, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
	};
}

const workflow = {agents: [{name: 'crew', type: 'local'}], tasks: [{name: 'a', command: 'true', agent: 'crew'}]};

async function agentAt(seen: string[]) {
	return serve((request, response) => {
		seen.push(`${request.url} ${request.headers.authorization}`);
		answerJson(response, request.url === '/task' ? {status: 'success', output: 'hi'} : {});
	});
}

test('an agent whose driver tells where it is, is dialled there with its own token, until its instance is gone', async () => {
	const seen: string[] = [];
	const agent = await agentAt(seen);
	const reach: Reach = ({name}) => Promise.resolve({agent: name, url: agent.url, token: `own of ${name}`});
	const orchestra = openOrchestra({token: 'secret', reach, faults: {driver: hollow}});
	const reply = await orchestra.call('POST', '/v1/runs', {workflow}, {authorization: 'Bearer secret'});
	const {id} = (await reply.json()) as RunDetail;
	await orchestra.ended(id);
	const name = `crew~${id}`;
	expect(seen).toContain(`/task Bearer own of ${name}`);
	expect(seen.every(call => call.endsWith(`Bearer own of ${name}`))).toBe(true);
	await expect.poll(() => orchestra.services.engine.state.pools).toEqual({});
	expect([...orchestra.services.engine.state.sessions.values()]).toEqual([]);
});

test('where it is, is asked anew until it answers; that this takes a moment is no trouble', async () => {
	const seen: string[] = [];
	const agent = await agentAt(seen);
	let asked = 0;
	const reach: Reach = ({name}) => {
		if (++asked < 3) return Promise.reject(new ByoaiError('unavailable', 'its container does not run'));
		return Promise.resolve({agent: name, url: asked === 3 ? 'http://127.0.0.1:1' : agent.url});
	};
	const orchestra = openOrchestra({reach, faults: {driver: hollow}});
	const problems: unknown[] = [];
	orchestra.services.views.subscribe((_, {agents = []}) => problems.push(...agents.map(({problem}) => problem)));
	const {id} = (await (await orchestra.call('POST', '/v1/runs', {workflow})).json()) as RunDetail;
	await orchestra.ended(id);
	expect(asked).toBe(4);
	expect(problems.filter(problem => problem !== undefined)).toEqual([]);
});

test('what starts the agents of a run is not there: the run is refused with what to do, and is not begun', async () => {
	const probed: string[][] = [];
	const probe = async (agents: ReadonlyArray<{type: string}>) => {
		probed.push(agents.map(({type}) => type));
		throw new ByoaiError('unavailable', 'Docker is not running here: start it');
	};
	const orchestra = openOrchestra({probe});
	const refused = await orchestra.call('POST', '/v1/runs', {workflow});
	expect(refused.status).toBe(503);
	expect(await refused.json()).toMatchObject({code: 'unavailable', detail: 'Docker is not running here: start it'});
	expect(orchestra.services.engine.state.runs.size).toBe(0);
	const deployed = await orchestra.call('POST', '/deploy_agent', {name: 'stay', type: 'local'});
	expect(deployed.status).toBe(503);
	expect(probed).toEqual([['local'], ['local']]);
	const {id} = (await (await orchestra.call('POST', '/v1/runs', {workflow: {tasks: [{command: 'true'}]}})).json()) as RunDetail;
	await orchestra.ended(id);
	expect(probed).toHaveLength(2);
});
