import {expect, test} from 'vitest';
import {Counter, exposition, Histogram} from '../../source/server/exposition.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';

type Family = {readonly type: string; readonly help: string; readonly samples: Map<string, number>};

/** Reads the text format as strictly as it is specified; fails where it is not. */
function parse(text: string): Map<string, Family> {
	const families = new Map<string, Family>();
	expect(text.endsWith('\n')).toBe(true);
	let current = '';
	let help = '';
	for (const line of text.trimEnd().split('\n')) {
		const about = /^# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.+)$/.exec(line);
		if (about?.[1] === 'HELP') {
			expect(families.has(about[2] ?? ''), `${about[2]} once`).toBe(false);
			[, , current = '', help = ''] = about;
		} else if (about !== null) {
			expect(about[2], line).toBe(current);
			families.set(current, {type: about[3] ?? '', help, samples: new Map()});
		} else {
			const sample =
				/^([a-z_][a-z0-9_]*(?:\{[a-z]\w*="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z]\w*="(?:[^"\\\n]|\\[\\"n])*")*\})?) (\+Inf|[\d.e+-]+)$/.exec(
					line,
				);
			expect(sample, line).not.toBeNull();
			const [, key = '', value = ''] = sample ?? [];
			const family = families.get(current);
			expect(key.replace(/\{.*/, '').replace(family?.type === 'histogram' ? /_(bucket|sum|count)$/ : '', ''), line).toBe(current);
			expect(family?.samples.has(key), line).toBe(false);
			family?.samples.set(key, Number(value.replace('+Inf', 'Infinity')));
		}
	}
	return families;
}

async function scrape(orchestra: Orchestra): Promise<Map<string, Family>> {
	const reply = await orchestra.call('GET', '/metrics');
	expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
	return parse(await reply.text());
}

test('metrics are well-formed, and their names say what they are in which unit', async () => {
	const families = await scrape(openOrchestra());
	const names = [...families.keys()];
	expect(names).toEqual(
		expect.arrayContaining(['byoai_runs', 'byoai_tasks', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes']),
	);
	for (const [name, {type, help}] of families) {
		expect(name).toMatch(/^(byoai|process|nodejs)_/);
		expect(help, name).toMatch(/^[A-Z].*\.$/);
		expect(['counter', 'gauge', 'histogram'], name).toContain(type);
		expect(name.endsWith('_total'), name).toBe(type === 'counter');
		if (type === 'histogram') expect(name).toMatch(/_seconds$/);
		expect(name, 'base units').not.toMatch(/_(ms|milliseconds|kb|mb|percent)(_|$)/);
	}
});

test('they tell what is, and count what happened', async () => {
	const orchestra = openOrchestra();
	await orchestra.play('a', 3);
	orchestra.services.views.refresh();
	const {id} = (await (await orchestra.call('POST', '/v1/runs', {workflow: {tasks: [{name: 'a', command: 'x'}]}})).json()) as {id: string};
	await orchestra.ended(id);
	await orchestra.call('GET', '/v1/runs/nothing');
	await orchestra.call('GET', '/no/such/path');
	await orchestra.call('BREW', '/v1/runs');
	const families = await scrape(orchestra);
	const value = (name: string, key = name) => families.get(name)?.samples.get(key);
	expect(value('byoai_runs', 'byoai_runs{status="running"}')).toBe(0);
	expect(value('byoai_runs_ended_total', 'byoai_runs_ended_total{status="succeeded"}')).toBe(1);
	expect(value('byoai_attempts_ended_total', 'byoai_attempts_ended_total{status="succeeded"}')).toBe(1);
	expect(value('byoai_events_total', 'byoai_events_total{type="run-submitted"}')).toBe(1);
	expect(value('byoai_log_bytes_total')).toBeGreaterThan(0);
	expect(value('byoai_commit_duration_seconds', 'byoai_commit_duration_seconds_count')).toBeGreaterThan(2);
	expect(value('byoai_streams')).toBe(0);
	const requests = [...(families.get('byoai_http_request_duration_seconds')?.samples.keys() ?? [])].filter(key => key.includes('_count'));
	expect(requests.map(key => key.replace('byoai_http_request_duration_seconds_count', ''))).toEqual([
		'{route="/v1/runs",method="POST",status="201"}',
		'{route="/v1/runs/:id",method="GET",status="404"}',
		'{route="none",method="GET",status="404"}',
		'{route="/v1/runs",method="other",status="405"}',
	]);
});

test('buckets add up, and labels are escaped', () => {
	const histogram = new Histogram([0.1, 1]);
	for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.observe(seconds, {route: '/a'});
	const counter = new Counter();
	for (const name of ['a"b', 'a\\b', 'a\nb', 'a"b']) counter.add(1, {name});
	const text = exposition([
		{name: 'byoai_x_seconds', help: 'X.', type: 'histogram', histogram},
		{name: 'byoai_y_total', help: 'Y\nand more.', type: 'counter', samples: counter.samples()},
	]);
	expect(text.split('\n')).toEqual([
		'# HELP byoai_x_seconds X.',
		'# TYPE byoai_x_seconds histogram',
		'byoai_x_seconds_bucket{route="/a",le="0.1"} 2',
		'byoai_x_seconds_bucket{route="/a",le="1"} 3',
		'byoai_x_seconds_bucket{route="/a",le="+Inf"} 4',
		'byoai_x_seconds_sum{route="/a"} 7.65',
		'byoai_x_seconds_count{route="/a"} 4',
		'# HELP byoai_y_total Y\\nand more.',
		'# TYPE byoai_y_total counter',
		'byoai_y_total{name="a\\"b"} 2',
		'byoai_y_total{name="a\\\\b"} 1',
		'byoai_y_total{name="a\\nb"} 1',
		'',
	]);
	expect(parse(text).size).toBe(2);
});

test('metrics are behind the token', async () => {
	expect((await openOrchestra({token: 'sesame'}).call('GET', '/metrics')).status).toBe(401);
});
