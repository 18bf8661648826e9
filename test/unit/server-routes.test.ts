import {expect, test} from 'vitest';
import type {RunDetail, Snapshot, ViewChange} from '../../source/protocol/views.ts';
import {logLine, logRecord} from '../../source/server/schemas/log.ts';
import {snapshot, viewChange} from '../../source/server/schemas/row.ts';
import {expectShape} from '../helpers/described-reply.ts';
import {openOrchestra} from '../helpers/orchestra.ts';

test('every route says what it is, under a name of its own', () => {
	const {routes} = openOrchestra().server;
	const ids = routes.map(({id}) => id);
	expect(new Set(ids).size).toBe(ids.length);
	expect(new Set(routes.map(({method, path}) => `${method} ${path}`)).size).toBe(ids.length);
	for (const {id, path, params, summary, replies} of routes) {
		expect(Object.keys(params), id).toEqual([...path.matchAll(/:(\w+)/g)].map(([, name]) => name));
		expect(summary, id).toMatch(/^[A-Z].*[^.]$/);
		for (const [status, {description}] of Object.entries(replies)) expect(description, `${id} ${status}`).toMatch(/^[A-Z].*\.$/);
	}
});

test('examples are what the schemas say', () => {
	const {routes} = openOrchestra().server;
	for (const {id, body, replies} of routes) {
		for (const {read, example} of body?.content ?? []) {
			expect(read(typeof example === 'string' ? example : JSON.stringify(example)), id).toBeDefined();
		}
		for (const [status, {schema, example}] of Object.entries(replies)) {
			if (schema !== undefined && example !== undefined) expectShape(schema, example, `${id} ${status}`);
		}
	}
});

test('streams hold what their schemas say', async () => {
	const orchestra = openOrchestra();
	const events = (await orchestra.call('GET', '/v1/events')).body?.pipeThrough(new TextDecoderStream()).getReader();
	const seen: Array<Snapshot | ViewChange> = [];
	const following = (async () => {
		let text = '';
		for (let part = await events?.read(); part?.done === false; part = await events?.read()) {
			text += part.value;
			const blocks = text.split('\n\n');
			text = blocks.pop() ?? '';
			seen.push(...blocks.map(block => JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}')));
		}
	})();
	const workflow = {tasks: [{name: 'a', command: 'x'}]};
	const {id} = (await (await orchestra.call('POST', '/v1/runs', {workflow})).json()) as RunDetail;
	await orchestra.ended(id);
	await expect.poll(() => seen.flatMap(({runs = []}) => runs).map(({status}) => status)).toContain('succeeded');
	await events?.cancel();
	await following;
	for (const value of seen) expectShape('runs' in value && 'tasks' in value && 'agents' in value ? snapshot : viewChange, value);
	const linesOf = async (path: string) => (await (await orchestra.call('GET', path)).text()).trim().split('\n');
	const lines = await linesOf('/v1/logs');
	const records = await linesOf(`/v1/runs/${id}/tasks/a/logs?format=ndjson`);
	expect([lines.length, records.length]).toEqual([1, 1]);
	for (const line of lines) expectShape(logLine, JSON.parse(line));
	for (const record of records) expectShape(logRecord, JSON.parse(record));
});
