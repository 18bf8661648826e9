import {setImmediate as turn} from 'node:timers/promises';
import {expect, onTestFinished, test} from 'vitest';
import {createClient} from '../../source/client/client.ts';
import {Mirror} from '../../source/client/mirror.ts';
import {cutProxy} from '../helpers/cut-proxy.ts';
import type {Work} from '../helpers/fake-agent.ts';
import type {OrchestraOptions} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';

/** Rows by id, as one text to compare; tasks of ended runs may stay with who was there to see them, and are in no snapshot. */
function rowsOf({runs, tasks, agents}: Mirror): string {
	const ofActive = [...tasks.values()].filter(({run}) => runs.get(run)?.status === 'running');
	const sorted = [[...runs.values()], ofActive, [...agents.values()]].map(rows => rows.sort((a, b) => (a.id < b.id ? -1 : 1)));
	return JSON.stringify(sorted, undefined, 1);
}

/** Follows over this URL until the test ends, and comes back at once when it was cut off. */
function follow(url: string): Mirror {
	const mirror = new Mirror(createClient({fetch: request => fetch(request), url}), {wait: () => turn()});
	const abort = new AbortController();
	const following = mirror.follow(abort.signal);
	onTestFinished(async () => {
		abort.abort();
		await following;
	});
	return mirror;
}

/** Cuts a reader off in each of so many runs, and in the midst of them; in the end it has what one has that never was. */
async function cutOften(rounds: number, options: OrchestraOptions) {
	const work: Work = ({task}) => (task === 'stays' ? new Promise(() => undefined) : Promise.resolve({status: 'succeeded', exitCode: 0}));
	const orchestra = openOrchestra({...options, work});
	const {url, close} = await orchestra.server.listen({host: '127.0.0.1', port: 0});
	onTestFinished(close);
	const proxy = await cutProxy(url);
	onTestFinished(() => proxy.close());
	const [whole, cut] = [follow(url), follow(proxy.url)];
	const heard = {snapshots: 0, breaks: 0};
	cut.subscribe(({type}) => {
		if (type === 'snapshot') heard.snapshots++;
		if (type === 'broken') heard.breaks++;
	});
	const submit = (...names: string[]) =>
		orchestra.call('POST', '/v1/runs', {workflow: {tasks: names.map(name => ({name, command: 'x', depends_on: []}))}});
	await submit('a', 'stays');
	let commits = 0;
	orchestra.services.engine.subscribe(() => ++commits % 3 === 0 && proxy.cut());
	for (let round = 1; round <= rounds; round++) {
		await expect.poll(() => cut.live).toBe(true);
		await submit('a', 'b', 'c');
		proxy.cut();
		await expect.poll(() => heard.breaks).toBeGreaterThanOrEqual(round);
	}
	await expect.poll(() => [...whole.runs.values()].filter(({status}) => status === 'succeeded')).toHaveLength(rounds);
	await expect.poll(() => rowsOf(cut)).toBe(rowsOf(whole));
	expect(whole.tasks.size).toBeGreaterThan(0);
	return heard;
}

test('a reader that is cut off many times has the rows of one that never was, and is sent only what it missed', async () => {
	expect(await cutOften(6, {})).toMatchObject({snapshots: 1});
});

test('the same where it misses too much, and gets snapshots instead', async () => {
	const {snapshots} = await cutOften(4, {limits: {event_rows: 1}});
	expect(snapshots).toBeGreaterThan(1);
});
