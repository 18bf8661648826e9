import {describe, expect, test} from 'vitest';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';

describe('what is wrong with a request is said in words', () => {
	const pull = {name: 'a', type: 'x', mode: 'pull'};
	test.each<[what: string, method: string, path: string, body: unknown, detail: string]>([
		[
			'a word of a closed set',
			'GET',
			'/v1/runs?status=done',
			undefined,
			'status: must be one of pending, running, cancelling, succeeded, failed, cancelled',
		],
		['a number that is too small', 'POST', '/register', {...pull, slots: 0}, 'slots: must be at least 1'],
		['a number that is too large', 'POST', '/register', {...pull, slots: 10_001}, 'slots: must be at most 10000'],
		['no whole number', 'POST', '/register', {...pull, slots: 1.5}, 'slots: must be a whole number'],
		['an empty text', 'POST', '/register', {...pull, type: ''}, 'type: must have at least 1 character'],
		['a text that is too long', 'POST', '/register', {...pull, type: 'x'.repeat(101)}, 'type: must have at most 100 characters'],
		['a key that is not known', 'POST', '/workflow', {workflow: 'a.yml', prams: {}}, 'has a key that is not known: prams'],
		['no object at all', 'POST', '/v1/runs', [], 'must be an object'],
		['a value of none of several forms', 'POST', '/v1/runs', {workflow: 5}, 'workflow: must be a string'],
		['something that is missing', 'POST', '/workflow', {}, 'workflow: is missing'],
	])('%s', async (_, method, path, body, detail) => {
		const problem = await problemOf(await openOrchestra().call(method, path, body));
		expect(problem.detail).toBe(`${method === 'GET' ? 'the query' : 'the body'} is not valid: ${detail}`);
	});
});

test('a path that leads nowhere is not repeated at length, nor is a run that is not there taken for a page of none', async () => {
	const orchestra = openOrchestra();
	const {detail} = await problemOf(await orchestra.call('GET', `/v1/${'x'.repeat(15_000)}`));
	expect(detail.length).toBeLessThan(300);
	const problem = await problemOf(await orchestra.call('GET', '/v1/runs?before=nonsense!'));
	expect(problem).toMatchObject({status: 400, detail: expect.stringContaining('before')});
});
