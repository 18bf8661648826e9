import {mkdirSync, writeFileSync} from 'node:fs';
import * as https from 'node:https';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {beforeEach, describe, expect, onTestFinished, test} from 'vitest';
import {Orchestrator} from '../../agent/orchestrator.ts';
import {OwnWorkflow} from '../../agent/own-workflow.ts';
import {MiniOrchestrator} from '../helpers/mini-orchestrator.ts';
import {selfSigned} from '../helpers/self-signed.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const report = {session: 's', number: 1, held: [], free: 1, outcomes: [], logs: [], waitMs: 0};

function connectTo(url: string): Orchestrator {
	const orchestrator = new Orchestrator({agent: 'builder', url});
	onTestFinished(() => orchestrator.close());
	return orchestrator;
}

describe('an orchestrator that refuses', () => {
	test.each([
		[400, 'invalid'],
		[401, 'unauthorized'],
		[403, 'forbidden'],
		[404, 'not_found'],
		[409, 'conflict'],
		[413, 'too_large'],
		[422, 'invalid'],
		[429, 'limit'],
		[500, 'unavailable'],
		[503, 'unavailable'],
	])('with %i: %s, in its words', async (status, code) => {
		const mini = new MiniOrchestrator();
		mini.refuseWith = status;
		const url = await mini.start();
		onTestFinished(() => mini.stop());
		await expect(connectTo(url).exchange(report)).rejects.toMatchObject({code, message: `HTTP ${status} refused by the test`});
	});
});

test('a certificate that nobody signed: says where to name it', async () => {
	const server = https.createServer(selfSigned, (_, response) => response.end('{}'));
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const orchestrator = connectTo(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
	await expect(orchestrator.exchange(report)).rejects.toMatchObject({
		code: 'unavailable',
		message: 'self-signed certificate: this host does not trust it; if it is the right one, name its file in NODE_EXTRA_CA_CERTS',
	});
});

describe('a workflow of the agent’s own', () => {
	let mini: MiniOrchestrator;
	let said: string[];
	let file: string;

	beforeEach(async () => {
		mini = new MiniOrchestrator();
		onTestFinished(() => mini.stop());
		said = [];
		file = join(temporaryDirectory(), 'own.yml');
		writeFileSync(file, 'tasks: []\n');
	});

	function workflow(url: string): OwnWorkflow {
		return new OwnWorkflow({file, session: 's', orchestrator: connectTo(url), say: message => said.push(message)});
	}

	test('is handed over once', async () => {
		const own = workflow(await mini.start());
		await Promise.all([own.handIn(), own.handIn()]);
		await own.handIn();
		expect(mini.workflows).toEqual([{session: 's', text: 'tasks: []\n', file}]);
		expect(said).toEqual([`handed ${file} (AGENT_WORKFLOW) to the orchestrator: run r0own`]);
	});

	test('is handed over when it was known already', async () => {
		mini.workflowReply = {status: 200, body: {}};
		await workflow(await mini.start()).handIn();
		expect(said).toEqual([`handed ${file} (AGENT_WORKFLOW) to the orchestrator`]);
	});

	test('that is refused is told once, with the problems’ places', async () => {
		const errors = [
			{message: 'is not a key of tasks', path: 'tasks[0].comand', line: 2, column: 5, file: 'own.yml'},
			{message: 'must have a command', path: 'tasks[1]'},
			{note: 'no problem'},
		];
		mini.workflowReply = {status: 422, body: {detail: 'the workflow is not valid', errors}};
		const own = workflow(await mini.start());
		await own.handIn();
		await own.handIn();
		expect(mini.workflows).toHaveLength(1);
		expect(said).toEqual([
			'AGENT_WORKFLOW is not run: HTTP 422 the workflow is not valid',
			'\town.yml:2:5: is not a key of tasks',
			`\t${file}: tasks[1]: must have a command`,
		]);
	});

	test('is tried again while the orchestrator cannot be reached or takes no more, which is told once', async () => {
		mini.workflowReply = {status: 429, body: {detail: 'the limit active_runs is reached'}};
		const handed = workflow(await mini.start()).handIn();
		await expect.poll(() => mini.workflows.length).toBeGreaterThan(2);
		mini.workflowReply = {status: 201, body: {id: 'r1'}};
		await handed;
		expect(said).toEqual([
			`${file} (AGENT_WORKFLOW) is not handed over yet: trying again (HTTP 429 the limit active_runs is reached)`,
			`handed ${file} (AGENT_WORKFLOW) to the orchestrator: run r1`,
		]);
	});

	test('is not tried again once the agent ends', async () => {
		mini.workflowReply = {status: 503, body: {}};
		const own = workflow(await mini.start());
		const handed = own.handIn();
		await expect.poll(() => mini.workflows.length).toBeGreaterThan(0);
		own.close();
		await handed;
		expect(said.filter(line => line.startsWith('handed'))).toEqual([]);
	});

	test.each<[string, (path: string) => void, string]>([
		['is not there', () => undefined, 'cannot be read: ENOENT'],
		['is no file', path => mkdirSync(path), 'is not a file'],
		['is too large', path => writeFileSync(path, Buffer.alloc(16 * 1024 * 1024 + 1)), 'the limit workflow_bytes permits'],
	])('that %s is told once', async (_, make, message) => {
		file = join(temporaryDirectory(), 'other.yml');
		make(file);
		await workflow(await mini.start()).handIn();
		expect(said).toEqual([expect.stringContaining(message)]);
		expect(mini.workflows).toEqual([]);
	});
});
