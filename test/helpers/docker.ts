import {execFile, execFileSync, spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {existsSync, rmSync, writeFileSync} from 'node:fs';
import {copyFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import type {TestContext} from 'vitest';
import {reasonToPassOver} from './requirement.ts';
import {temporaryDirectory} from './temporary-directory.ts';

const execute = promisify(execFile);

/** An image with the built agent program in it. */
export const testImage = 'byoai-test-agent';

const agentProgram = join(import.meta.dirname, '../../dist/agent.js');

/** What the image files begin with. */
const baseImage = 'node:26-bookworm-slim';

let known: {readonly reason: string | undefined} | undefined;
let compose: {readonly command: readonly string[] | undefined} | undefined;

/** Why tests that need a Docker engine are passed over; undefined: one answers, and has what images here begin with. */
export function whyNoDocker(): string | undefined {
	known ??= {reason: dockerProblem()};
	return reasonToPassOver('docker', known.reason);
}

/** Passes a test over, and says why, where no engine answers. */
export function needsDocker(context: TestContext): void {
	const reason = whyNoDocker();
	context.skip(reason !== undefined, `needs Docker: ${reason}`);
}

/** The same, where there is no Compose; returns how it is called: 2 is a part of `docker`, 1 a program of its own. */
export function needsCompose(context: TestContext): readonly string[] {
	needsDocker(context);
	compose ??= {command: [['docker', 'compose'], ['docker-compose']].find(command => problemOf(...command, 'version') === undefined)};
	const {command = []} = compose;
	const none = command.length === 0 ? 'neither `docker compose` nor `docker-compose` answers' : undefined;
	const reason = reasonToPassOver('docker', none);
	context.skip(reason !== undefined, `needs Docker Compose: ${reason}`);
	return command;
}

function dockerProblem(): string | undefined {
	const silent = problemOf('docker', 'version');
	if (silent !== undefined) return `no Docker engine answers: ${silent}`;
	if (problemOf('docker', 'image', 'inspect', baseImage) === undefined) return undefined;
	const notPulled = problemOf('docker', 'pull', '--quiet', baseImage);
	return notPulled === undefined ? undefined : `the Docker engine neither has nor gets ${baseImage}: ${notPulled}`;
}

/** Runs a program, and returns the last that it said when it failed. */
function problemOf(program = '', ...argv: readonly string[]): string | undefined {
	const {status, stderr, error} = spawnSync(program, argv, {encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe']});
	if (status === 0) return undefined;
	return (error?.message ?? stderr.trim().split('\n').at(-1)) || `${[program, ...argv].join(' ')} failed`;
}

/** Runs `docker`, and returns what it prints. */
export function docker(...argv: readonly string[]): string {
	return execFileSync('docker', argv, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}).trim();
}

/** Runs a program that is not the product's while the test goes on; resolves with what it prints. Rejects with what it said when it fails. */
export async function run(
	program: string,
	argv: readonly string[],
	options: {cwd?: string; env?: NodeJS.ProcessEnv} = {},
): Promise<string> {
	const {stdout} = await execute(program, argv, {...options, maxBuffer: 64 * 1024 * 1024});
	return stdout.trim();
}

/** Builds the image of this file's tests; the engine's cache makes that cheap when the agent program has not changed. */
export async function buildTestImage(): Promise<void> {
	if (!existsSync(agentProgram)) throw new Error(`${agentProgram} is not there: run "npm run build" first`);
	const directory = temporaryDirectory(remove => void remove);
	try {
		await copyFile(agentProgram, join(directory, 'agent.js'));
		writeFileSync(join(directory, 'Dockerfile'), `FROM ${baseImage}\nCOPY agent.js /agent.js\nCMD ["node", "/agent.js"]\n`);
		docker('build', '--quiet', '--tag', testImage, directory);
	} finally {
		rmSync(directory, {recursive: true, force: true});
	}
}

/** An image with busybox alone in it. Its working directory is `/srv`. */
export const busyboxImage = 'byoai-test-busybox';

/** Why tests that need such an image are passed over; undefined: it can be made. `BYOAI_TEST_REQUIRE=docker` makes that a failure. */
export function whyNoBusybox(): string | undefined {
	const why =
		whyNoDocker() ?? (busybox() === undefined ? 'no statically linked busybox (Debian: apt-get install busybox-static)' : undefined);
	if (why !== undefined && (process.env.BYOAI_TEST_REQUIRE ?? '').split(',').includes('docker'))
		throw new Error(`BYOAI_TEST_REQUIRE asks for Docker: ${why}`);
	return why;
}

/** Path of a busybox that needs no library. */
function busybox(): string | undefined {
	const paths = (process.env.PATH ?? '').split(':').map(directory => join(directory, 'busybox'));
	const path = paths.find(each => existsSync(each));
	return path !== undefined && spawnSync('ldd', [path]).status !== 0 ? path : undefined;
}

export async function buildBusyboxImage(): Promise<void> {
	const directory = temporaryDirectory(remove => void remove);
	try {
		await copyFile(busybox() ?? '', join(directory, 'busybox'));
		const lines = ['FROM scratch', 'COPY busybox /bin/busybox', 'RUN ["/bin/busybox", "--install", "-s", "/bin"]', 'WORKDIR /srv', ''];
		writeFileSync(join(directory, 'Dockerfile'), lines.join('\n'));
		docker('build', '--quiet', '--tag', busyboxImage, directory);
	} finally {
		rmSync(directory, {recursive: true, force: true});
	}
}

/** As the id of a state directory. */
export function newOwner(): string {
	return randomBytes(8).toString('hex');
}

/** Ids of all containers of an owner, dead ones too, told by the engine's own client. */
export function containersOf(owner: string, ...more: readonly string[]): readonly string[] {
	const listed = docker('ps', '--all', '--quiet', '--no-trunc', '--filter', `label=byoai.owner=${owner}`, ...more);
	return listed.split('\n').filter(id => id !== '');
}

/** Removes whatever is left of an owner. */
export function removeContainers(owner: string): void {
	const ids = containersOf(owner);
	if (ids.length > 0) docker('rm', '--force', '--volumes', ...ids);
}
