import {randomBytes} from 'node:crypto';
import {existsSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeAll, beforeEach, expect, onTestFinished, test} from 'vitest';
import {buildTestImage, containersOf, docker, removeContainers, run, testImage, whyNoDocker} from '../helpers/docker.ts';

import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const noDocker = whyNoDocker();
const socket = '/var/run/docker.sock';
const project = join(import.meta.dirname, '../..');

beforeAll(async () => {
	if (noDocker === undefined) await buildTestImage();
}, 120_000);
beforeEach(context => context.skip(noDocker !== undefined || !existsSync(socket), `needs Docker at ${socket}: ${noDocker}`));

/** Runs the built program in a container that has the engine's socket, and the directory of the workflow as a mount. */
async function runInside(flow: string, ...options: readonly string[]) {
	const directory = temporaryDirectory();
	writeFileSync(join(directory, 'flow.yml'), flow);
	onTestFinished(() => {
		if (existsSync(join(directory, 'state/id'))) removeContainers(ownerOf(directory));
	});
	const mount = (from: string, to: string) => ['--volume', `${from}:${to}`];
	const argv = [
		...['run', '--rm', '--init', '--user', `${process.getuid?.()}:${process.getgid?.()}`, '--group-add', String(statSync(socket).gid)],
		...[...mount(socket, socket), ...mount(directory, '/flows'), ...mount(`${project}/dist`, '/byoai:ro'), '--workdir', '/flows'],
		...['--env', `AGENT_IMAGE=${testImage}`, '--env', 'BYOAI_STATE_DIR=/flows/state', '--env', 'HOME=/tmp'],
		...[...options, testImage, 'node', '/byoai/cli.js', '-f', 'flow.yml', '--no-tui'],
	];
	const told = await run('docker', argv).then(
		stdout => ({status: 0, stdout}),
		(error: {code: number; stdout: string; stderr: string}) => ({status: error.code, stdout: error.stdout + error.stderr}),
	);
	return {...told, directory, left: () => containersOf(ownerOf(directory))};
}

function ownerOf(directory: string): string {
	return readFileSync(join(directory, 'state/id'), 'utf8').trim();
}

const flow = (more = '') => `
agents: [{name: crew, type: docker, volume: "./data:/app/data"${more}}]
tasks: [{name: a, agent: crew, command: 'echo from inside | tee /app/data/one'}]
`;

test('an orchestrator in a container: its agents are reached, their volumes are the host’s, and nothing is left', async () => {
	const {status, stdout, directory, left} = await runInside(flow());
	expect(status, stdout).toBe(0);
	expect(stdout).toContain('from inside');
	expect(readFileSync(join(directory, 'data/one'), 'utf8')).toBe('from inside\n');
	expect(left()).toEqual([]);
}, 90_000);

test('on a network that somebody made, with a host name of its own and a readiness probe over http: on that network', async () => {
	const network = `byoai-test-${randomBytes(4).toString('hex')}`;
	docker('network', 'create', network);
	onTestFinished(() => void docker('network', 'rm', network));
	const probe = ', readiness_probe: {httpGet: {path: /health, port: 5000}, periodSeconds: 1}';
	const {status, stdout, left} = await runInside(flow(probe), '--network', network, '--hostname', 'manager');
	expect(status, stdout).toBe(0);
	expect(stdout).toContain('from inside');
	expect(left()).toEqual([]);
}, 90_000);

test('a path that no mount has: refused at once, with the reason', async () => {
	const {status, stdout, left} = await runInside(flow().replace('./data:', '/tmp/data:'));
	expect(status).toBe(1);
	expect(stdout).toContain("the path /tmp/data is inside byoai's own container and on no mount of it");
	expect(left()).toEqual([]);
}, 90_000);
