import type {ServerResponse} from 'node:http';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {Layers} from '../../source/drivers/docker/pull.ts';
import type {AgentSpec} from '../../source/model/workflow.ts';
import {dockerDriver} from '../helpers/docker-driver.ts';
import {json, startFakeEngine} from '../helpers/fake-engine.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

function driverAt(host: string, awayMs = 0) {
	const driver = dockerDriver({host, awayMs});
	onTestFinished(() => driver.close());
	return driver;
}

const spec = (agent: Partial<AgentSpec> = {}) => instanceSpec('a', {type: 'docker', ...agent});
const line = (response: ServerResponse, value: object) => void response.write(`${JSON.stringify(value)}\n`);

test('an image that is not here is pulled once for all who need it, and it is told how far that is', async () => {
	let pull: ServerResponse | undefined;
	let isHere = false;
	const engine = await startFakeEngine({
		'GET /images/some/agent/json': (_, response) => json(response, {}, isHere ? 200 : 404),
		'POST /images/create': (_, response) => {
			pull = response;
			line(response, {id: 'l1', status: 'Pulling fs layer'});
			line(response, {id: 'l2', status: 'Already exists'});
			line(response, {id: 'l1', status: 'Downloading', progressDetail: {current: 50, total: 100}});
		},
		'POST /containers/create': (_, response) => json(response, {message: 'enough'}, 500),
	});
	const driver = driverAt(engine.host);
	const starts = ['a', 'a~2'].map(name => driver.start(instanceSpec(name, {type: 'docker'})).catch((error: Error) => error.message));
	await expect.poll(() => driver.progress?.('a')).toBe('pulling 50 % (1 of 2 layers), 50 B of 100 B');
	expect(driver.progress?.('a~2')).toBe('pulling 50 % (1 of 2 layers), 50 B of 100 B');
	isHere = true;
	pull?.end();
	expect(await Promise.all(starts)).toEqual(Array(2).fill('Docker cannot make a container for agent a: enough'));
	expect(driver.progress?.('a')).toBeUndefined();
	expect(engine.asked.filter(asked => asked.includes('/images/create'))).toEqual(['POST /images/create?fromImage=some%2Fagent&tag=latest']);
});

test('a stop in the midst of a pull ends it, and nothing was made', async () => {
	const gone = Promise.withResolvers<void>();
	const engine = await startFakeEngine({
		'POST /images/create': (_, response) => {
			line(response, {id: 'l1', status: 'Pulling fs layer'});
			response.on('close', gone.resolve);
		},
	});
	const driver = driverAt(engine.host);
	const starting = driver.start(spec()).catch((error: Error) => error.message);
	await expect.poll(() => driver.progress?.('a')).toBe('pulling 0 % (0 of 1 layers)');
	await driver.stop({name: 'a'});
	expect(await starting).toContain('stopped while it started');
	await gone.promise;
	expect(engine.asked.some(asked => asked.includes('/containers/create'))).toBe(false);
});

test.each<[string, string, (response: ServerResponse) => void, string]>([
	['at once', 'invalid', response => json(response, {message: 'no such host'}, 500), 'no such host'],
	[
		'in the midst of it',
		'invalid',
		response => {
			line(response, {id: 'l1', status: 'Downloading', progressDetail: {current: 1, total: 2}});
			line(response, {errorDetail: {message: 'denied'}, error: 'denied'});
			response.end();
		},
		'denied',
	],
	['without a word, which may pass', 'unavailable', response => response.end(), 'the pull broke off'],
])('a pull that fails %s: the image, why, and what to do', async (_, code, answer, why) => {
	const engine = await startFakeEngine({'POST /images/create': (_request, response) => answer(response)});
	const failure = await driverAt(engine.host)
		.start(spec({image: 'x.example/y:1'}))
		.catch((error: unknown) => error);
	expect(failure).toMatchObject({
		code,
		message: `Image x.example/y:1 is not on this host and cannot be pulled (${why}): look at its spelling (\`image\`, AGENT_IMAGE), log in if its registry wants that (\`docker login\`), or build it here.`,
	});
});

test('pull_policy: never asks no registry, always asks it although the image is here', async () => {
	const engine = await startFakeEngine({'GET /images/some/agent/json': (_, response) => json(response, {})});
	const driver = driverAt(engine.host);
	await expect(driver.start(spec({image: 'other', pullPolicy: 'never'}))).rejects.toMatchObject({
		code: 'invalid',
		message: expect.stringContaining('`pull_policy: never` keeps it from being pulled'),
	});
	await expect(driver.start(spec({pullPolicy: 'always'}))).rejects.toMatchObject({
		code: 'unavailable',
		message:
			'Image some/agent cannot be pulled (no such thing: /images/create?fromImage=some%2Fagent&tag=latest), as `pull_policy: always` asks for: `missing` uses the one that is on this host.',
	});
	expect(engine.asked.filter(asked => asked.includes('/images/create'))).toHaveLength(1);
});

test.each([
	['unix:///nowhere/docker.sock', 'Docker is not running here: start it'],
	['tcp://127.0.0.1:1', 'Docker is not running here: start it'],
	['ssh://me@far', 'agents can be started with an engine on this host only'],
	['tcp://192.0.2.1:2375', 'agents can be started with an engine on this host only'],
])('no engine at %s', async (host, message) => {
	const driver = driverAt(host);
	const reasons = await Promise.all(
		[driver.probe(), driver.start(spec()), driver.stop({name: 'b'}), driver.list()].map(work => work.catch((error: unknown) => error)),
	);
	for (const reason of reasons) expect(reason).toMatchObject({code: 'unavailable', message: expect.stringContaining(message)});
});

test('an engine that is started again is waited for', async () => {
	const path = join(temporaryDirectory(), 'later.sock');
	const driver = driverAt(`unix://${path}`, 60_000);
	const starting = driver.start(spec({pullPolicy: 'never'})).catch((error: Error) => error.message);
	const stopping = driver.stop({name: 'b'});
	await expect(driver.probe()).rejects.toThrow('Docker is not running here');
	await startFakeEngine({}, path);
	expect(await starting).toContain('Image some/agent is not on this host');
	await stopping;
});

test('a container of that name that is not ours is left alone', async () => {
	const engine = await startFakeEngine({
		'GET /containers/byoai-01234567-a/json': (_, response) => json(response, {Id: 'x', Config: {Labels: {}}, State: {Running: true}}),
	});
	const driver = driverAt(engine.host);
	await expect(driver.stop({name: 'a'})).rejects.toThrow('is there that byoai did not make');
	await expect(driver.start(spec())).rejects.toThrow('is there that byoai did not make');
	expect(engine.asked.every(asked => asked.startsWith('GET'))).toBe(true);
});

test('the end of a container is found although the question after it gets lost, and the stream of events goes on', async () => {
	let events: ServerResponse | undefined;
	let asked = 0;
	const labels = {'byoai.owner': '0123456789abcdef', 'byoai.instance': 'a'};
	const facts = (state: object) => ({
		Id: 'c',
		Config: {Labels: labels},
		HostConfig: {},
		State: {StartedAt: '2026-11-28T08:00:00Z', ...state},
	});
	const engine = await startFakeEngine({
		'GET /events': (request, response) => {
			if (request.url?.includes('until=')) {
				response.writeHead(200);
				return void response.end(`${JSON.stringify({Action: 'die', Actor: {ID: 'c'}})}\n`);
			}
			events = response;
			response.writeHead(200);
			response.flushHeaders();
		},
		'GET /containers/c/json': (request, response) => {
			asked++;
			if (events === undefined || asked < 3) return json(response, facts({Running: true}));
			if (asked === 3) return request.socket.destroy();
			json(response, facts({Running: false, Status: 'exited', ExitCode: 3, FinishedAt: '2026-11-28T08:00:01Z'}));
		},
	});
	const handle = {driver: 'docker', container: 'c', startedAt: '2026-11-28T08:00:00Z'} as const;
	const ended = driverAt(engine.host).watch('a', handle, new AbortController().signal);
	await expect.poll(() => asked).toBe(2); // at once, and as the stream of events began
	if (events !== undefined) line(events, {Type: 'container', Action: 'die', Actor: {ID: 'c'}});
	expect(await ended).toMatchObject({cause: 'exited with code 3', exitCode: 3});
	expect(engine.asked.filter(question => question.startsWith('GET /events'))).toHaveLength(2);
});

test('how far a pull is never goes back, and says how much there is and how fast more comes', () => {
	let now = 0;
	const layers = new Layers(() => now);
	const download = (id: string, current: number, total: number) =>
		layers.take({id, status: 'Downloading', progressDetail: {current, total}});
	expect(layers.take({status: 'Pulling from some/agent'})).toBe('pulling its image');
	layers.take({id: 'a', status: 'Pulling fs layer'});
	layers.take({id: 'b', status: 'Waiting'});
	expect(download('a', 100, 100)).toBe('pulling 50 % (0 of 2 layers), 100 B');
	expect(download('b', 0, 900)).toBe('pulling 50 % (0 of 2 layers), 100 B of 1000 B');
	now = 1000;
	expect(download('b', 300, 900)).toBe('pulling 50 % (0 of 2 layers), 400 B of 1000 B, 300 B/s');
	now = 2000;
	expect(download('b', 600, 900)).toBe('pulling 70 % (0 of 2 layers), 700 B of 1000 B, 300 B/s');
	layers.take({id: 'a', status: 'Pull complete'});
	expect(layers.take({id: 'b', status: 'Pull complete'})).toBe('pulling 100 % (2 of 2 layers), 1000 B of 1000 B');
});
