import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';
import {buildTestImage, containersOf, needsDocker, removeContainers, testImage} from '../helpers/docker.ts';
import type {FakeOptions} from '../helpers/fake-kubernetes/server.ts';
import {FakeKubernetes} from '../helpers/fake-kubernetes/server.ts';

/** What the image of agents runs. */
const agent = {argv: [process.execPath, join(import.meta.dirname, '../../dist/agent.js')]};
/** The original's example, on Kubernetes. */
const example = `
tasks:
  - name: "task1"
    command: "echo 'Executing task 1'"
    agent: "pod-agent"
  - name: "task2"
    command: "echo 'Executing task 2'"
    agent: "pod-agent"
agents:
  - name: "pod-agent"
    type: "kubernetes"
`;

async function openFake(options: FakeOptions = {}): Promise<FakeKubernetes> {
	const server = new FakeKubernetes({images: {'byoai-agent:latest': agent}, ...options});
	await server.start();
	onTestFinished(() => server.close());
	return server;
}

/** A place with a kubeconfig for a server. */
function placeOn(server: FakeKubernetes): {place: CliPlace; env: Record<string, string>} {
	const place = new CliPlace();
	return {place, env: {KUBECONFIG: place.file('kubeconfig', server.kubeconfig('byoai'))}};
}

describe('without a cluster', () => {
	test('a workflow with agents on Kubernetes ends with status 3 and what to do, and nothing has begun', async () => {
		const place = new CliPlace();
		place.file('flow.yml', example);
		const ended = await place.run(['-f', 'flow.yml'], {HOME: place.directory});
		expect(ended).toMatchObject({status: 3, stdout: ''});
		expect(ended.stderr).toMatch(/^byoai: No Kubernetes cluster is configured here: put a kubeconfig into .*\n$/);
		expect(JSON.parse((await place.run(['ps', '--json'])).stdout)).toEqual([]);
	});

	test('nor where none answers', async () => {
		const server = new FakeKubernetes();
		await server.start();
		await server.close();
		const {place, env} = placeOn(server);
		place.file('flow.yml', example);
		const ended = await place.run(['-f', 'flow.yml'], env);
		expect(ended).toMatchObject({status: 3, stdout: ''});
		expect(ended.stderr).toMatch(
			/^byoai: Kubernetes does not answer at 127\.0\.0\.1:\d+ \(context fake\): start the cluster, or choose another .*ECONNREFUSED/,
		);
	});

	test('its client library is read only where a pod is wanted', async () => {
		// Known by a name that nothing else has in it.
		const tell = `import {registerHooks} from 'node:module'; import {writeSync} from 'node:fs';
registerHooks({load(url, context, next) {
	const loaded = next(url, context);
	if (String(loaded.source ?? '').includes('getAgentCacheKey')) writeSync(2, 'READS IT');
	return loaded;
}});`;
		const env = {NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tell)}`};
		const place = new CliPlace();
		const kubeconfig = place.file('kubeconfig', new FakeKubernetes().kubeconfig());
		place.file('plain.yml', 'tasks: [{name: a, command: echo here}]\nagents: [{name: unused, type: kubernetes}]\n');
		place.file('flow.yml', example);
		expect((await place.run(['-f', 'plain.yml'], {...env, KUBECONFIG: kubeconfig})).stderr).toBe('');
		expect((await place.run(['-f', 'flow.yml'], {...env, KUBECONFIG: kubeconfig})).stderr).toContain('READS IT');
	});

	test('any other workflow runs without a word about it', async () => {
		const place = new CliPlace();
		place.file('flow.yml', 'tasks: [{name: a, command: echo here}]\nagents: [{name: unused, type: kubernetes}]\n');
		const ended = await place.run(['-f', 'flow.yml'], {HOME: place.directory});
		expect(ended).toMatchObject({status: 0, stderr: ''});
		expect(ended.stdout).not.toMatch(/kubernetes/i);
	});
});

describe('with a cluster', () => {
	test('the original’s example: deployed, reached through the API server, run, removed', async () => {
		const server = await openFake();
		const {place, env} = placeOn(server);
		place.file('flow.yml', example);
		const {status, stdout, stderr} = await place.run(['-f', 'flow.yml'], env);
		expect(status, stdout + stderr).toBe(0);
		expect(stdout).toMatch(/pod-agent {2}task1 {2}Executing task 1\n/);
		expect(stdout).toMatch(/pod-agent {2}task2 {2}Executing task 2\n/);
		expect(server.pods()).toEqual([]);
		expect(server.kubelet.running).toEqual([]);
		expect(server.calls.filter(({subresource}) => subresource === 'proxy').map(({verb}) => verb)).toEqual(
			expect.arrayContaining(['get', 'create']),
		);
	}, 60_000);

	test('kill -9 of byoai with pods running, then the same again: adopted, nothing twice, all output there, none left', async () => {
		const server = await openFake();
		const {place, env} = placeOn(server);
		const names = [1, 2, 3, 4].map(number => `t${number}`);
		const began = join(place.directory, 'began');
		const command = `echo "$BYOAI_TASK $BYOAI_ATTEMPT" >> ${began}; for i in 1 2 3 4; do echo "line $i"; sleep 0.4; done`;
		place.file(
			'flow.yml',
			`agents: [{name: crew, type: kubernetes, replicas: 2}]
tasks:
${names.map(name => `  - {name: ${name}, agent: crew, depends_on: [], command: '${command}'}`).join('\n')}
`,
		);
		const first = place.start(['-f', 'flow.yml'], env);
		await first.says(/crew(~2)? {2}t\d {2}line 2/);
		first.process.kill('SIGKILL');
		await first.ended;
		const before = server.pods().map(({metadata}) => metadata.uid);
		expect(before).toHaveLength(2);
		const second = place.start(['-f', 'flow.yml'], env);
		await second.says(/line 1/);
		expect(server.pods().map(({metadata}) => metadata.uid)).toEqual(before);
		const {status, stdout} = await second.ended;
		expect(status, stdout).toBe(0);
		expect(readFileSync(began, 'utf8').trim().split('\n').sort()).toEqual(names.map(name => `${name} 1`));
		const [run] = JSON.parse((await place.run(['ps', '--json'])).stdout);
		for (const index of names.keys()) {
			expect(readFileSync(join(place.state, 'logs', run.id, `${index}.1.log`), 'utf8')).toBe('line 1\nline 2\nline 3\nline 4\n');
		}
		expect(server.pods()).toEqual([]);
	}, 90_000);

	const images = `
agents:
  - {name: pods, type: kubernetes, env: {FROM: agent}, resources: {limits: {memory: 64Mi}}}
tasks:
  - {name: one, agent: pods, image: any, command: 'echo "$FROM $BYOAI_TASK"; sleep 0.5; echo end'}
  - {name: two, agent: pods, image: any, command: [exit 4], continue_on_error: true, depends_on: []}
  - {name: three, agent: pods, image: any, command: sleep 60, timeout: 1s, depends_on: [], continue_on_error: true}
`;

	test('tasks with an image: a pod each, its output, its exit code, its timeout, and none left', async () => {
		const server = await openFake();
		const {place, env} = placeOn(server);
		place.file('flow.yml', images);
		const {status, stdout} = await place.run(['-f', 'flow.yml'], env);
		expect(status, stdout).toBe(0);
		expect(stdout).toMatch(/one {4}agent one\n.*one {4}end\n/s);
		expect(stdout).toMatch(/two +\S+ failed .*exit 4\n/);
		expect(stdout).toMatch(/three +\S+ failed .*timed out after 1 s/);
		expect(server.pods()).toEqual([]);
		expect(server.kubelet.running).toEqual([]);
	}, 60_000);

	test('kill -9 of byoai with pods of tasks: adopted, run once, output whole', async () => {
		const server = await openFake();
		const {place, env} = placeOn(server);
		const began = join(place.directory, 'began');
		place.file(
			'flow.yml',
			`agents: [{name: pods, type: kubernetes}]
tasks:
  - {name: a, agent: pods, image: any, command: 'echo x >> ${began}; for i in 1 2 3 4 5; do echo "line $i"; sleep 0.4; done'}
`,
		);
		const first = place.start(['-f', 'flow.yml'], env);
		await first.says(/line 2/);
		first.process.kill('SIGKILL');
		await first.ended;
		const {status, stdout} = await place.run(['-f', 'flow.yml'], env);
		expect(status, stdout).toBe(0);
		expect(readFileSync(began, 'utf8')).toBe('x\n');
		const [run] = JSON.parse((await place.run(['ps', '--json'])).stdout);
		expect(readFileSync(join(place.state, 'logs', run.id, '0.1.log'), 'utf8')).toBe('line 1\nline 2\nline 3\nline 4\nline 5\n');
		expect(server.pods()).toEqual([]);
	}, 60_000);

	test('one file with agents here and in pods', async () => {
		const server = await openFake();
		const {place, env} = placeOn(server);
		place.file(
			'flow.yml',
			`agents: [{name: pod, type: kubernetes}, {name: here, type: local}, {name: other, type: kubernetes, driver_options: {kubernetes: {namespace: other}}}]
tasks:
  - {name: a, agent: pod, command: echo in a pod}
  - {name: b, agent: here, command: echo here}
  - {name: c, agent: other, command: echo elsewhere}
`,
		);
		const {status, stdout} = await place.run(['-f', 'flow.yml'], env);
		expect(status, stdout).toBe(0);
		expect(stdout).toMatch(/in a pod\n.*here\n.*elsewhere\n/s);
		const made = server.calls.filter(({verb, resource, subresource}) => verb === 'create' && resource === 'pods' && subresource === '');
		expect(new Set(made.map(({namespace}) => namespace))).toEqual(new Set(['byoai', 'other']));
		expect(server.pods()).toEqual([]);
	}, 60_000);

	test('one file with agents on Docker, in pods and here, and tasks with an image on both', async context => {
		needsDocker(context);
		await buildTestImage();
		const server = await openFake({images: {[testImage]: agent}});
		const {place, env} = placeOn(server);
		onTestFinished(() => {
			if (existsSync(place.state)) removeContainers(readFileSync(join(place.state, 'id'), 'utf8').trim());
		});
		place.file(
			'flow.yml',
			`agents: [{name: box, type: docker}, {name: pod, type: kubernetes}, {name: here, type: local}]
tasks:
  - {name: a, agent: box, command: echo in a container}
  - {name: b, agent: pod, command: echo in a pod}
  - {name: c, agent: here, command: echo here}
  - {name: d, agent: box, image: ${testImage}, command: echo a container of its own}
  - {name: e, agent: pod, image: ${testImage}, command: echo a pod of its own}
  - {name: f, command: echo at home}
`,
		);
		const {status, stdout, stderr} = await place.run(['-f', 'flow.yml'], {...env, AGENT_IMAGE: testImage});
		expect(status, stdout + stderr).toBe(0);
		expect(stdout).toMatch(/in a container\n.*in a pod\n.*here\n.*a container of its own\n.*a pod of its own\n.*at home\n/s);
		expect(server.pods()).toEqual([]);
		expect(containersOf(readFileSync(join(place.state, 'id'), 'utf8').trim())).toEqual([]);
	}, 120_000);

	test('what cannot start says why, at once', async () => {
		const server = await openFake({images: {}});
		const {place, env} = placeOn(server);
		place.file('flow.yml', example);
		const {status, stdout} = await place.run(['-f', 'flow.yml'], env);
		expect(status).toBe(1);
		expect(stdout).toContain('its image byoai-agent:latest cannot be pulled');
		expect(server.pods()).toEqual([]);
	}, 60_000);
});
