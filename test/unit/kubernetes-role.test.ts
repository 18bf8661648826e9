import {once} from 'node:events';
import * as http from 'node:http';
import {expect, onTestFinished, test, vi} from 'vitest';
import type {Driver} from '../../source/drivers/driver.ts';
import type {RunId} from '../../source/model/ids.ts';
import type {Handle, InstanceSpec} from '../../source/model/instance.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {permissionsOf, rulesIn} from '../helpers/kubernetes-files.ts';
import {KubernetesPlace} from '../helpers/kubernetes-place.ts';

const never = new AbortController().signal;
const rules = [...rulesIn('role.yaml'), ...rulesIn('role-outside.yaml')];
/** An agent as far as a health check goes. */
const agent = {
	argv: [
		process.execPath,
		'-e',
		"require('node:http').createServer((_, r) => r.end('{}')).listen(process.env.AGENT_API_PORT, process.env.AGENT_HOST)",
	],
};
const missing = {reason: 'FailedMount', message: 'MountVolume.SetUp failed for volume "v" : configmap "absent" not found'};

/** Has a driver do all that one can be asked for, with no more than the roles permit. */
async function doEverything(place: KubernetesPlace, driver: Driver): Promise<void> {
	const spec = instanceSpec('agent', {type: 'kubernetes', image: 'agent', readinessProbe: {httpGet: {port: 5000}}});
	await driver.probe([spec.agent]);
	const handle = await driver.start(spec);
	expect(await place.createDriver().start(spec)).toEqual(handle);
	await Promise.all(['GET', 'POST'].map(method => call(driver, spec, handle, method)));
	expect(await driver.list()).toHaveLength(1);
	await driver.stop({name: spec.name});

	const ref = {run: 'r0123456789a' as RunId, task: 0, attempt: 1};
	const command = {ref, task: 'a', argv: ['sh', '-c', 'echo here; sleep 100'], env: {}};
	const task: InstanceSpec = {...instanceSpec('r0123456789a.0#1', {type: 'kubernetes', image: 'any'}), command};
	const ofTask = await driver.start(task);
	const watched = driver.watch(task.name, ofTask, never);
	for await (const {data} of driver.output?.(ofTask, 0, never) ?? []) {
		expect(String(data)).toBe('here\n');
		break;
	}
	await driver.end?.(ofTask, 1000);
	await watched;
	await driver.stop({name: task.name, handle: ofTask});

	const failing = driver.start(instanceSpec('stuck', {type: 'kubernetes', image: 'any'}));
	await expect(failing).rejects.toThrow('there is no config map absent');
}

async function call(driver: Driver, spec: InstanceSpec, handle: Handle, method: string): Promise<void> {
	const dialled = await driver.reach?.(spec, handle);
	if (dialled === undefined || typeof dialled === 'string') throw new Error('it is not dialled through the API server');
	const credentials = await dialled.gateway?.credentials(false);
	await vi.waitFor(async () => {
		const request = http.request(`${dialled.url}/health`, {method, ...credentials}).end();
		const [response] = (await once(request, 'response')) as [http.IncomingMessage];
		response.resume();
		expect(response.statusCode).toBe(200);
	});
}

test('the roles of deploy/kubernetes permit every call that is made, and nothing more', async () => {
	const place = await new KubernetesPlace({
		rules,
		images: {agent},
		script: ({metadata}) => (metadata.name.includes('stuck') ? {type: 'statuses', statuses: [], events: [missing]} : undefined),
	}).open();
	onTestFinished(() => place.close());
	await doEverything(place, place.createDriver());

	const {calls} = place.server;
	expect(calls.filter(({status}) => status === 401 || status === 403)).toEqual([]);
	const used = calls.map(({verb, resource, subresource}) => `${verb} ${subresource === '' ? resource : `${resource}/${subresource}`}`);
	expect([...new Set(used)].sort((a, b) => a.localeCompare(b))).toEqual(permissionsOf(rules));
	expect(new Set(calls.map(({group, namespace}) => `${group} ${namespace}`))).toEqual(new Set([' byoai']));
}, 30_000);

test('only who reaches agents through the API server needs the second role', () => {
	expect(permissionsOf(rulesIn('role-outside.yaml'))).toEqual(['create pods/proxy', 'get pods/proxy']);
	expect(permissionsOf(rulesIn('role.yaml')).filter(permission => permission.endsWith('/proxy'))).toEqual([]);
});
