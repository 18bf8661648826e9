import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {createClient} from '../../source/client/client.ts';
import {readServerEvents} from '../../source/client/sse.ts';
import {readTextLines} from '../../source/client/text-lines.ts';
import type {Work} from '../helpers/fake-agent.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';

const text = 'tasks:\n  - {name: a, command: x}\n';
const url = 'http://127.0.0.1:5001';

function clientOf(orchestra: Orchestra, token?: string) {
	return createClient({fetch: orchestra.server.fetch, url, ...(token !== undefined && {token})});
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
	const all: Item[] = [];
	for await (const item of items) all.push(item);
	return all;
}

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
	for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

test('a client starts, follows and shows a run', async () => {
	const orchestra = openOrchestra();
	const client = clientOf(orchestra);
	expect(await client.health()).toEqual({status: 'ok', version: '1.2.3', epoch: 'life-one', protocol: 1});
	const {run, resumed} = await client.submitRun({text, file: 'a.yml', directory: '/', resume: true});
	expect(resumed).toBe(false);
	const lines = await collect(client.lines({run: run.id, follow: true}));
	expect(lines).toEqual([expect.objectContaining({run: run.id, name: 'a', text: 'a'})]);
	await orchestra.ended(run.id);
	expect(await client.run('latest')).toMatchObject({id: run.id, status: 'succeeded'});
	expect((await client.runs({status: 'succeeded', limit: 5})).map(({id}) => id)).toEqual([run.id]);
	// Its own agent ends by itself, and need not have ended with the run.
	await expect.poll(() => client.agents()).toEqual([]);
});

test('a run that is active already is resumed, and can be cancelled', async () => {
	const work: Work = (_assignment, _print, stop) =>
		new Promise(resolve => stop.addEventListener('abort', () => resolve({status: 'cancelled'})));
	const orchestra = openOrchestra({work});
	const client = clientOf(orchestra);
	const request = {text, file: 'a.yml', directory: '/', resume: true};
	const {run} = await client.submitRun(request);
	expect(await client.submitRun(request)).toMatchObject({resumed: true, run: {id: run.id}});
	expect(await client.cancelRun(run.id)).toMatchObject({reason: 'cancelled through the API'});
	await orchestra.ended(run.id);
	await expect(client.cancelRun(run.id, 'again')).rejects.toMatchObject({code: 'conflict'});
});

test('a task’s log comes byte for byte', async () => {
	const binary = Uint8Array.from({length: 1000}, (_, index) => (index * 31) % 256);
	const work: Work = async (_assignment, print) => {
		await print('ü and \ufeff');
		await print(binary, 'stderr');
		return {status: 'succeeded'};
	};
	const orchestra = openOrchestra({work});
	const client = clientOf(orchestra);
	const {run} = await client.submitRun({text, directory: '/'});
	const log = async (more: object) => Buffer.concat(await collect(client.taskLog({run: run.id, task: 'a', ...more})));
	expect(await log({follow: true})).toEqual(Buffer.concat([Buffer.from('ü and \ufeff'), binary]));
	expect(await log({offset: 10, attempt: 1})).toEqual(Buffer.from(binary));
	expect(`${await log({stream: 'stdout', task: 0})}`).toBe('ü and \ufeff');
});

test('a refusal keeps its code, its words and its problems', async () => {
	const client = clientOf(openOrchestra());
	await expect(client.submitRun({text: 'tasks:\n  - nam: a\n', file: 'a.yml', directory: '/'})).rejects.toMatchObject({
		code: 'invalid',
		message: expect.stringContaining('the workflow is not valid'),
		problems: expect.arrayContaining([expect.objectContaining({file: 'a.yml', line: 2})]),
	});
	await expect(client.run('rzz')).rejects.toMatchObject({
		code: 'not_found',
		message: expect.stringMatching(/^there is no run rzz: `byoai ps`/),
	});
	const told = {token: 'BYOAI_TOKEN'};
	const wrong = createClient({fetch: openOrchestra({token: 'sesame'}).server.fetch, url, token: 'wrong', told});
	await expect(wrong.runs()).rejects.toMatchObject({
		code: 'unauthorized',
		retryable: false,
		message: expect.stringMatching(/^the orchestrator at http:\/\/127\.0\.0\.1:5001 refuses the token that BYOAI_TOKEN gives/),
	});
	await expect(clientOf(openOrchestra({token: 'sesame'})).runs()).rejects.toMatchObject({
		code: 'unauthorized',
		message: expect.stringContaining('asks for a token, and none was given: set BYOAI_TOKEN (or --token)'),
	});
	await expect(collect(client.lines({run: 'latest'}))).rejects.toMatchObject({code: 'not_found'});
	expect(await clientOf(openOrchestra({token: 'sesame'}), 'sesame').runs()).toEqual([]);
});

test('an answer of something else than an orchestrator says so', async () => {
	const answers = (reply: () => Response) => createClient({fetch: async () => reply(), url: `${url}/`});
	await expect(answers(() => new Response('<html>', {status: 502})).health()).rejects.toMatchObject({
		code: 'unavailable',
		message: 'GET /health at http://127.0.0.1:5001 was answered with HTTP 502, not by an orchestrator',
	});
	await expect(answers(() => new Response('<html>')).health()).rejects.toMatchObject({code: 'unavailable'});
	await expect(answers(() => Response.json({code: 'never heard of', detail: 'why'}, {status: 409})).runs()).rejects.toMatchObject({
		code: 'conflict',
		message: 'why',
	});
	await expect(answers(() => Response.json([null], {status: 404})).run('x')).rejects.toMatchObject({code: 'not_found'});
});

test('where nobody answers, the message says where and what was tried', async () => {
	const client = createClient({fetch: request => fetch(request), url: 'http://127.0.0.1:1'});
	await expect(client.health()).rejects.toMatchObject({
		code: 'unavailable',
		retryable: true,
		message: expect.stringMatching(/no orchestrator answers at http:\/\/127\.0\.0\.1:1 \(GET \/health: .*\)/),
	});
	await expect(createClient({fetch: request => fetch(request), url: 'nonsense'}).health()).rejects.toMatchObject({code: 'unavailable'});
});

test.each([
	[
		'https://h:1',
		'DEPTH_ZERO_SELF_SIGNED_CERT',
		'self-signed certificate',
		/openssl s_client -connect h:1 .* set NODE_EXTRA_CA_CERTS=byoai\.pem/,
	],
	['https://h:1', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unable to get local issuer certificate', /is not trusted here/],
	['https://h:1', 'ERR_TLS_CERT_ALTNAME_INVALID', 'not in the list', /Name it as its certificate does/],
	['https://h:1', 'CERT_HAS_EXPIRED', 'certificate has expired', /start the orchestrator with a new one/],
	['https://h:1', 'EPROTO', 'SSL routines:wrong version number', /does not speak TLS: try http:\/\/h:1/],
	['http://h:1', 'ECONNREFUSED', 'connect ECONNREFUSED', /Is one running there\? ORCHESTRATOR_URL says so/],
])('%s with %s: what to do about it', async (to, code, words, advice) => {
	const cause = Object.assign(new Error(`${words}; if the root CA is installed locally, try Node's option`), {code});
	const fetch = async () => {
		throw new TypeError('fetch failed', {cause});
	};
	const client = createClient({fetch, url: to, told: {url: 'ORCHESTRATOR_URL'}});
	await expect(client.runs()).rejects.toMatchObject({code: 'unavailable', retryable: true, message: expect.stringMatching(advice)});
	await expect(client.runs()).rejects.toMatchObject({message: expect.not.stringContaining("Node's option")});
});

test('a failed run is planned and retried', async () => {
	let fails = true;
	const work: Work = async ({task}) => (task === 'b' && fails ? {status: 'failed', exitCode: 1} : {status: 'succeeded', exitCode: 0});
	const orchestra = openOrchestra({work});
	const client = clientOf(orchestra);
	const {run} = await client.submitRun({text: 'tasks:\n  - {name: a, command: x}\n  - {name: b, command: x}\n', directory: '/'});
	await orchestra.ended(run.id);
	const tasks = [
		{name: 'a', action: 'keep'},
		{name: 'b', action: 'run'},
	];
	expect(await client.planRetry('latest')).toEqual({retryOf: run.id, tasks});
	fails = false;
	const again = await client.retryRun(run.id);
	expect(again).toMatchObject({retryOf: run.id, tasks: [{takenFrom: run.id}, {}]});
	await orchestra.ended(again.id);
	await expect(client.retryRun(again.id)).rejects.toMatchObject({code: 'conflict'});
	await expect(client.retryRun(again.id, {from: 'c'})).rejects.toMatchObject({code: 'not_found'});
	const only = await client.retryRun(again.id, {only: 'a'});
	await orchestra.ended(only.id);
	expect(await client.run(only.id)).toMatchObject({status: 'succeeded', tasks: [{attempts: [{}]}, {takenFrom: again.id}]});
});

test('the files of the workflow directory', async () => {
	const orchestra = openOrchestra();
	writeFileSync(join(orchestra.services.workflowDir, 'a.yml'), text);
	expect(await clientOf(orchestra).workflows()).toMatchObject({workflows: [{file: 'a.yml', problems: []}]});
});

test('agents are shown, deployed, drained and removed', async () => {
	const orchestra = openOrchestra();
	const client = clientOf(orchestra);
	await client.deployAgent({name: 'web', type: 'local', slots: 3});
	expect(await client.agent('web')).toMatchObject({id: 'web', slots: 3, spec: {lifetime: 'persistent'}, attempts: []});
	expect(await client.drainAgent('web')).toMatchObject({id: 'web'});
	expect(await client.removeAgent('web')).toBe('stopping');
	await expect.poll(() => client.agents()).toEqual([]);
	await orchestra.play('far');
	expect(await client.agent('far')).toMatchObject({mode: 'pull'});
	expect(await client.removeAgent('far', {force: true})).toBe('forgotten');
	await expect(client.agent('far')).rejects.toMatchObject({code: 'not_found'});
	await expect(client.deployAgent({name: 'x', type: 'docker'})).rejects.toMatchObject({code: 'unsupported'});
});

test('a stream that breaks off is an error; one that is aborted just ends', async () => {
	const broken = new ReadableStream<Uint8Array>({
		start: controller => controller.enqueue(Buffer.from('{"text":"a"}\n')),
		pull: controller => controller.error(new Error('reset')),
	});
	const lines = createClient({fetch: async () => new Response(broken), url}).lines({run: 'r'});
	await expect(collect(lines)).rejects.toMatchObject({
		code: 'unavailable',
		message: expect.stringContaining(`the connection to ${url} broke off: reset.`),
	});
	for (const cut of ['{"text":"a"}\n{"te', 'null\n']) {
		const cutShort = createClient({fetch: async () => new Response(cut), url}).lines({run: 'r'});
		await expect(collect(cutShort)).rejects.toMatchObject({
			code: 'unavailable',
			retryable: true,
			message: expect.stringContaining('cut short'),
		});
	}
	const orchestra = openOrchestra({work: () => new Promise(() => undefined)});
	const client = clientOf(orchestra);
	const {run} = await client.submitRun({text, directory: '/'});
	const abort = new AbortController();
	const following = [
		collect(client.lines({run: run.id, follow: true}, abort.signal)),
		collect(client.taskLog({run: run.id, task: 'a', follow: true}, abort.signal)),
	];
	const events = client.events(abort.signal);
	expect((await events.next()).value).toMatchObject({id: expect.stringContaining('life-one-'), snapshot: {runs: [{id: run.id}]}});
	abort.abort();
	expect(await Promise.all(following)).toEqual([[], []]);
	expect(await collect(events)).toEqual([]);
	expect(await collect(client.events(abort.signal))).toEqual([]);
});

test('lines are put together from chunks that are cut anywhere', async () => {
	const bytes = Buffer.from('a\r\nüber\n\n💥 and \r more\nlast');
	const expected = ['a', 'über', '', '💥 and \r more', 'last'];
	for (let size = 1; size <= bytes.length; size++) expect(await collect(readTextLines(cut(bytes, size))), `${size}`).toEqual(expected);
	expect(await collect(readTextLines(cut(Buffer.from('a\n'), 1)))).toEqual(['a']);
});

test('server-sent events are parsed from chunks that are cut anywhere', async () => {
	const stream = [
		': a comment\n\n',
		'id: 1\nevent: snapshot\ndata: {"a":"ü"}\n\n',
		'data:no space\r\ndata:  two\r\ndata\r\n\r\n',
		'retry: 10\nunknown: x\nevent: empty\n\n',
		'id: 2\ndata: a: b\n\n',
		'id: 3\ndata: cut off\n',
	].join('');
	const expected = [
		{id: '1', type: 'snapshot', data: '{"a":"ü"}'},
		{id: '1', type: 'message', data: 'no space\n two\n'},
		{id: '2', type: 'message', data: 'a: b'},
	];
	const bytes = Buffer.from(stream);
	for (let size = 1; size <= bytes.length; size += 3)
		expect(await collect(readServerEvents(cut(bytes, size))), `${size}`).toEqual(expected);
});

test('a silent connection counts as broken', async () => {
	const {readChunks} = await import('../../source/client/chunks.ts');
	let cancelled = false;
	const body = new ReadableStream<Uint8Array>({
		start: controller => controller.enqueue(Buffer.from('a')),
		cancel: () => {
			cancelled = true;
		},
	});
	const chunks = readChunks(body, {url, silenceMs: 20});
	onTestFinished(() => void chunks.return(undefined));
	await expect(collect(chunks)).rejects.toMatchObject({
		code: 'unavailable',
		message: expect.stringContaining('nothing was heard for 0.02 s'),
	});
	expect(cancelled).toBe(true);
});
