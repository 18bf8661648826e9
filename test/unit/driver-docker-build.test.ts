import {readFileSync, writeFileSync} from 'node:fs';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import {expect, onTestFinished, test} from 'vitest';
import {agentDockerfile} from '../../source/drivers/docker/build.ts';
import {dockerDriver} from '../helpers/docker-driver.ts';
import {json, startFakeEngine} from '../helpers/fake-engine.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const image = 'byoai-agent:latest';
const line = (response: ServerResponse, value: object) => void response.write(`${JSON.stringify(value)}\n`);
const spec = (name = 'a') => instanceSpec(name, {type: 'docker'});

function driverAt(host: string) {
	const agentProgram = join(temporaryDirectory(), 'agent.js');
	writeFileSync(agentProgram, 'the program');
	const driver = dockerDriver({host, image, agentProgram});
	onTestFinished(() => driver.close());
	return driver;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	return gunzipSync(Buffer.concat(chunks)).toString();
}

test('the default image is made of the stages of this repository’s Dockerfile', () => {
	const text = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8')
		.replace(/^#.*\n/gm, '')
		.replace(/^\n/gm, '');
	const stages = text.split(/^(?=FROM )/m).filter(stage => / AS (?:base|agent)$/m.test(stage));
	expect(stages.join('').replace('COPY --from=build /build/dist/agent.js', 'COPY agent.js')).toBe(agentDockerfile);
});

test('the default image that is not here is built once for all who need it, and it is told how far that is', async () => {
	let build: ServerResponse | undefined;
	let isHere = false;
	const contexts: string[] = [];
	const engine = await startFakeEngine({
		[`GET /images/${image}/json`]: (_, response) => json(response, {}, isHere ? 200 : 404),
		'POST /build': (request, response) => {
			build = response;
			void bodyOf(request).then(body => {
				contexts.push(body);
				line(response, {stream: 'Step 1/9 : FROM node'});
				line(response, {id: 'l1', status: 'Downloading', progressDetail: {current: 50, total: 100}});
			});
		},
		'POST /containers/create': (_, response) => json(response, {message: 'enough'}, 500),
	});
	const driver = driverAt(engine.host);
	const starts = ['a', 'a~2'].map(name => driver.start(spec(name)).catch((error: Error) => error.message));
	await expect
		.poll(() => driver.progress?.('a~2'))
		.toBe('building byoai-agent:latest: step 1/9, pulling 50 % (0 of 1 layers), 50 B of 100 B');
	if (build !== undefined) line(build, {stream: 'Step 2/9 : RUN true'});
	await expect.poll(() => driver.progress?.('a')).toBe('building byoai-agent:latest: step 2/9');
	isHere = true;
	build?.end();
	expect(await Promise.all(starts)).toEqual(Array(2).fill('Docker cannot make a container for agent a: enough'));
	expect(contexts).toEqual([expect.stringContaining('the program')]);
	expect(contexts[0]).toContain('COPY agent.js /app/agent.js');
	expect(engine.asked.filter(asked => asked.includes('/build'))).toEqual([expect.stringContaining('t=byoai-agent%3Alatest')]);
});

test('a build that fails: in which step, with its output, and no further try', async () => {
	const engine = await startFakeEngine({
		'POST /build': (_, response) => {
			line(response, {stream: 'Step 1/9 : FROM node\n'});
			line(response, {stream: ' ---> 1234\n'});
			line(response, {stream: 'Step 2/9 : RUN apt-get update'});
			line(response, {stream: '\n'});
			line(response, {stream: 'E: no network\n'});
			line(response, {errorDetail: {code: 100}, error: 'returned a non-zero code: 100'});
			response.end();
		},
		'GET /_ping': (_, response) => response.end('OK'),
	});
	await expect(driverAt(engine.host).start(spec())).rejects.toMatchObject({
		code: 'invalid',
		message:
			"Image byoai-agent:latest is not on this host and could not be built in step 2/9 (RUN apt-get update): returned a non-zero code: 100. Build it by hand (`npm run images` in a checkout of byoai), or name another (`image`, AGENT_IMAGE). The step's output:\nE: no network",
	});
});

test('a stop in the midst of a build ends it', async () => {
	const gone = Promise.withResolvers<void>();
	const engine = await startFakeEngine({
		'POST /build': (_, response) => {
			line(response, {stream: 'Step 1/9 : FROM node'});
			response.on('close', gone.resolve);
		},
	});
	const driver = driverAt(engine.host);
	const starting = driver.start(spec()).catch((error: Error) => error.message);
	await expect.poll(() => driver.progress?.('a')).toBe('building byoai-agent:latest: step 1/9');
	await driver.stop({name: 'a'});
	expect(await starting).toContain('stopped while it started');
	await gone.promise;
	expect(engine.asked.some(asked => asked.includes('/containers/create'))).toBe(false);
});
