import {symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import type {Nonsense} from '../helpers/nonsense.ts';
import {intrusionsInto, nonsenseFor} from '../helpers/nonsense.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';

/** Small, so that what is huge need not be. */
const limits = {request_bytes: 3000, exchange_bytes: 3000, registration_bytes: 3000};
/** Each is refused, in words, by one of the statuses that answer it; nothing has changed then, and nothing was the server's own fault. */
async function refuseAll(orchestra: Orchestra, all: readonly Nonsense[]): Promise<void> {
	const {engine} = orchestra.services;
	// The time of the newest event apart: a tick changes nothing else.
	const state = () => JSON.stringify({...engine.state, now: 0});
	const before = state();
	for (const {what, method, path, body, headers, answers} of all) {
		const told = `${method} ${path.slice(0, 80)}: ${what}`;
		const reply = await orchestra.call(method, path, body, headers);
		const {status, detail} = await problemOf(reply);
		expect(answers, `${told} → ${status} ${detail}`).toContain(status);
		expect(detail.length, told).toBeGreaterThan(10);
		expect(detail, told).not.toMatch(/root:|at .*\.ts:\d+|\[object|undefined is not/);
	}
	expect(state()).toBe(before);
	expect(orchestra.warnings).toEqual([]);
}

test('nonsense of every kind is refused on every route, and changes nothing', async () => {
	const orchestra = openOrchestra({limits});
	const outside = join(orchestra.directory, 'outside.yml');
	writeFileSync(outside, 'tasks: [{command: x}]\n');
	symlinkSync(outside, join(orchestra.services.workflowDir, 'nobody-knows-this'));
	for (const route of orchestra.server.routes) await refuseAll(orchestra, nonsenseFor(route, {}));
});

test('the same where a token is asked for, and right', async () => {
	const orchestra = openOrchestra({limits, token: 'sesame'});
	for (const route of orchestra.server.routes) await refuseAll(orchestra, nonsenseFor(route, {authorization: 'Bearer sesame'}));
});

test('who may not call gets in nowhere', async () => {
	for (const tokenless of [true, false]) {
		const orchestra = openOrchestra(tokenless ? {} : {token: 'sesame'});
		for (const route of orchestra.server.routes) await refuseAll(orchestra, intrusionsInto(route, tokenless));
	}
});
