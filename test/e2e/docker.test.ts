import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';
import {buildTestImage, containersOf, docker, needsDocker, testImage, whyNoDocker} from '../helpers/docker.ts';
import {dockerPlace, ownerOf} from '../helpers/docker-place.ts';

const env = {AGENT_IMAGE: testImage};
/** The original's example, unchanged. */
const example = `
tasks:
  - name: "task1"
    command: "echo 'Executing task 1' | tee /app/data/one"
    agent: "docker-agent"
  - name: "task2"
    command: "echo 'Executing task 2' | tee /app/data/two"
    agent: "docker-agent"
agents:
  - name: "docker-agent"
    type: "docker"
    volume: "./data:/app/data"
`;

describe('without an engine', () => {
	const without = {DOCKER_HOST: `unix://${join(import.meta.dirname, 'no.sock')}`};

	test('a workflow with agents on Docker ends with status 3 and what to do, and nothing has begun', async () => {
		const place = new CliPlace();
		place.file('flow.yml', example);
		const ended = await place.run(['-f', 'flow.yml'], without);
		expect(ended).toMatchObject({status: 3, stdout: ''});
		expect(ended.stderr).toMatch(
			/^byoai: Docker is not running here: start it .*, or set DOCKER_HOST to where it listens\. \(.*ENOENT.*\)\n$/,
		);
		expect(JSON.parse((await place.run(['ps', '--json'])).stdout)).toEqual([]);
	});

	test('any other workflow runs without a word about it', async () => {
		const place = new CliPlace();
		place.file('flow.yml', 'tasks: [{name: a, command: echo here}]\nagents: [{name: unused, type: docker}]\n');
		const ended = await place.run(['-f', 'flow.yml'], without);
		expect(ended).toMatchObject({status: 0, stderr: ''});
		expect(ended.stdout).not.toMatch(/docker/i);
	});
});

describe('with an engine', () => {
	beforeAll(async () => {
		if (whyNoDocker() === undefined) await buildTestImage();
	}, 120_000);

	beforeEach(needsDocker);

	test('the original’s example: both tasks run inside, what they write is here, and the agent is gone', async () => {
		const place = dockerPlace();
		place.file('flow.yml', example);
		const {status, stdout} = await place.run(['-f', 'flow.yml'], env);
		expect(status, stdout).toBe(0);
		expect(stdout).toMatch(/docker-agent {2}task1 {2}Executing task 1\n/);
		expect(readdirSync(join(place.directory, 'data'))).toEqual(['one', 'two']);
		expect(readFileSync(join(place.directory, 'data/two'), 'utf8')).toBe('Executing task 2\n');
		expect(containersOf(ownerOf(place))).toEqual([]);
	}, 60_000);

	test('kill -9 of byoai with containers running, then the same again: adopted, nothing twice, all output there, none left', async () => {
		const place = dockerPlace();
		const names = [1, 2, 3, 4, 5, 6].map(number => `t${number}`);
		const command = 'echo "$BYOAI_TASK $BYOAI_ATTEMPT" >> /data/began; for i in 1 2 3 4; do echo "line $i"; sleep 0.4; done';
		place.file(
			'flow.yml',
			`agents: [{name: crew, type: docker, replicas: 2, slots: 2, volume: "./data:/data"}]
tasks:
${names.map(name => `  - {name: ${name}, agent: crew, depends_on: [], command: '${command}'}`).join('\n')}
`,
		);
		const first = place.start(['-f', 'flow.yml'], env);
		await first.says(/crew(~2)? {2}t\d {2}line 2/);
		first.process.kill('SIGKILL');
		await first.ended;
		const before = containersOf(ownerOf(place));
		expect(before).toHaveLength(2);
		const second = place.start(['-f', 'flow.yml'], env);
		await second.says(/line 1/);
		expect(containersOf(ownerOf(place))).toEqual(before);
		const {status, stdout} = await second.ended;
		expect(status, stdout).toBe(0);
		const began = readFileSync(join(place.directory, 'data/began'), 'utf8').trim().split('\n').sort();
		expect(began).toEqual(names.map(name => `${name} 1`));
		const [run] = JSON.parse((await place.run(['ps', '--json'])).stdout);
		for (const index of names.keys()) {
			expect(readFileSync(join(place.state, 'logs', run.id, `${index}.1.log`), 'utf8')).toBe('line 1\nline 2\nline 3\nline 4\n');
		}
		expect(containersOf(ownerOf(place))).toEqual([]);
	}, 90_000);

	test.each([
		['docker kill', (id: string) => docker('kill', id), 'killed by SIGKILL'],
		['docker pause', (id: string) => docker('pause', id), 'its container was paused by somebody else'],
		['docker rm -f', (id: string) => docker('rm', '--force', id), '(?:its container was removed by somebody else|killed by SIGKILL)'],
	])(
		'%s of an agent: told at once with its cause, tried again in a fresh one, nothing left',
		async (_, act, cause) => {
			const place = dockerPlace();
			const command = 'if [ $BYOAI_ATTEMPT = 1 ]; then echo stuck; sleep 600; fi; echo through';
			place.file('flow.yml', `agents: [{name: crew, type: docker}]\ntasks: [{name: a, agent: crew, command: '${command}'}]\n`);
			const cli = place.start(['-f', 'flow.yml'], env);
			await cli.says(/stuck/);
			const [id = ''] = containersOf(ownerOf(place));
			act(id);
			const {status, stdout} = await cli.ended;
			expect(status, stdout).toBe(0);
			expect(stdout).toMatch(new RegExp(`its agent's instance ended: ${cause}`));
			expect(stdout).toContain('through');
			expect(containersOf(ownerOf(place))).toEqual([]);
		},
		60_000,
	);

	test.each(['SIGINT', 'SIGTERM'] as const)(
		'%s of a one-shot run leaves no container',
		async signal => {
			const place = dockerPlace();
			place.file('flow.yml', 'agents: [{name: crew, type: docker}]\ntasks: [{agent: crew, command: echo ready; sleep 600}]\n');
			const cli = place.start(['-f', 'flow.yml'], env);
			await cli.says(/ready/);
			cli.process.kill(signal);
			expect((await cli.ended).stdout).toContain(`cancelled by ${signal}`);
			expect(containersOf(ownerOf(place))).toEqual([]);
		},
		60_000,
	);

	test('lifetime task: a container of its own for each attempt', async () => {
		const place = dockerPlace();
		place.file(
			'flow.yml',
			`agents: [{name: crew, type: docker, lifetime: task, slots: 2}]
defaults: {agent: crew}
tasks: [{name: a, command: hostname, depends_on: []}, {name: b, command: hostname, depends_on: []}, {name: c, command: hostname, depends_on: []}]
`,
		);
		const {status, stdout} = await place.run(['-f', 'flow.yml'], env);
		expect(status, stdout).toBe(0);
		const hosts = [...stdout.matchAll(/ {2}[abc] {2}([0-9a-f]{12})\n/g)].map(([, host]) => host);
		expect(new Set(hosts).size, stdout).toBe(3);
		expect(containersOf(ownerOf(place))).toEqual([]);
	}, 60_000);

	test('an image without an agent in it, and one that is not there: the run fails, and says why', async () => {
		const place = dockerPlace();
		place.file(
			'flow.yml',
			`fail_fast: false
agents:
  - {name: silent, type: docker, driver_options: {docker: {Cmd: [sh, -c, "echo no agent here; exit 4"]}}}
  - {name: absent, type: docker, image: byoai-test-absent, pull_policy: never}
  - {name: empty, type: docker, driver_options: {docker: {Cmd: ["true"]}}}
tasks:
  - {name: a, agent: silent, command: "true", depends_on: []}
  - {name: b, agent: absent, command: "true", depends_on: []}
  - {name: c, agent: empty, command: "true", depends_on: []}
`,
		);
		const {status, stdout} = await place.run(['-f', 'flow.yml'], env);
		expect(status).toBe(1);
		expect(stdout).toMatch(/✖ a: .*exited with code 4; its last output:\s*no agent here/);
		expect(stdout).toMatch(/✖ c: .*exited with code 0, .*: image \S+ seems to have none\. A task with an `image` of its own needs none/);
		expect(stdout).toMatch(/✖ b: .*Image byoai-test-absent is not on this host/);
		expect(containersOf(ownerOf(place))).toEqual([]);
	}, 60_000);
});
