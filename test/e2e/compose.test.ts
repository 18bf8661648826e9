import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {TestContext} from 'vitest';
import {expect, test} from 'vitest';
import type {AgentDetail, RunDetail} from '../../source/protocol/views.ts';
import {ComposeProject} from '../helpers/compose-project.ts';
import {needsCompose, run} from '../helpers/docker.ts';

/** The images, and the compose files, on a real engine. The first build takes minutes, later ones little more than the bundling. */
const buildMs = 600_000;
const upMs = 120_000;
const poll = {timeout: 60_000, interval: 200};

const example = readFileSync(join(import.meta.dirname, '../../workflows/example_workflow.yml'), 'utf8');
/** As the first BYOAI had it: where an agent of the name is there, its type and volume are its own affair. */
const original = example.replace('type: "local"', 'type: "docker"\n    volume: "./data:/app/data"');

let images: Promise<unknown> | undefined;

async function open(context: TestContext, file: string): Promise<ComposeProject> {
	const command = needsCompose(context);
	images ??= new ComposeProject(command, 'docker-compose.yml').compose('build');
	await images;
	const project = new ComposeProject(command, file);
	await project.compose('up', '--detach');
	return project;
}

async function ask<Reply>(project: ComposeProject, path: string, init?: RequestInit): Promise<Reply> {
	const reply = await fetch((await project.url()) + path, init);
	if (!reply.ok) throw new Error(`${path}: ${await reply.text()}`);
	return (await reply.json()) as Reply;
}

async function online(project: ComposeProject, agent: string): Promise<AgentDetail> {
	const look = () => ask<AgentDetail>(project, `/v1/agents/${agent}`).catch(String);
	await expect.poll(look, poll).toMatchObject({status: 'online'});
	return ask<AgentDetail>(project, `/v1/agents/${agent}`);
}

async function submit(project: ComposeProject, workflow: string): Promise<string> {
	const init = {method: 'POST', headers: {'content-type': 'application/yaml'}, body: workflow};
	return (await ask<RunDetail>(project, '/v1/runs', init)).id;
}

async function ended(project: ComposeProject, id: string): Promise<RunDetail> {
	await expect.poll(() => ask<RunDetail>(project, `/v1/runs/${id}`), poll).toMatchObject({endedAt: expect.any(Number)});
	return ask<RunDetail>(project, `/v1/runs/${id}`);
}

async function output(project: ComposeProject, id: string, task: string): Promise<string> {
	return (await fetch(`${await project.url()}/v1/runs/${id}/tasks/${task}/logs`)).text();
}

const onTheAgent = {status: 'succeeded', tasks: [{agent: 'docker-agent'}, {agent: 'docker-agent'}]};

test('docker-compose.yml: the agent registers, a mounted workflow runs on it, and goes on when the orchestrator is killed', {
	timeout: buildMs + upMs,
}, async context => {
	const project = await open(context, 'docker-compose.yml');
	expect(await online(project, 'docker-agent')).toMatchObject({mode: 'pull', labels: {place: 'compose'}});

	const reply = await fetch(`${await project.url()}/workflow`, {
		method: 'POST',
		headers: {'content-type': 'application/json'},
		body: JSON.stringify({workflow: 'example_workflow.yml'}),
	});
	expect(await reply.text()).toBe('{"status":"workflow execution started"}');
	expect(await ended(project, reply.headers.get('location')?.split('/').at(-1) ?? '')).toMatchObject(onTheAgent);
	expect(await ended(project, await submit(project, original))).toMatchObject(onTheAgent);

	const wait = 'id -u; touch started; while [ ! -e go ]; do sleep 0.1; done; echo through';
	const id = await submit(project, `tasks: [{name: wait, agent: docker-agent, command: "${wait}"}]`);
	await expect.poll(() => output(project, id, 'wait'), poll).toBe('10001\n');
	await project.killed('orchestrator', () => project.compose('exec', '-T', 'docker-agent', 'touch', 'go'));
	await online(project, 'docker-agent');
	expect(await ended(project, id)).toMatchObject({status: 'succeeded', tasks: [{attempt: 1}]});
	expect(await output(project, id, 'wait')).toBe('10001\nthrough\n');

	for (const service of ['orchestrator', 'docker-agent']) {
		const health = ['inspect', '--format', '{{.State.Health.Status}}', await project.container(service)];
		await expect.poll(() => run('docker', health), poll).toBe('healthy');
	}
	await project.down();
	expect(await project.left()).toEqual([]);
});

test('examples/compose/registered-by-curl.yml: registered by curl, the agent is dialled', {timeout: buildMs + upMs}, async context => {
	const project = await open(context, 'examples/compose/registered-by-curl.yml');
	const url = expect.stringMatching(/^http:\/\/[\d.]+:5000$/);
	expect(await online(project, 'docker-agent')).toMatchObject({type: 'docker', mode: 'push', url});
	expect(await ended(project, await submit(project, original))).toMatchObject(onTheAgent);
	await project.down();
	expect(await project.left()).toEqual([]);
});
