import {execFileSync, spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {existsSync, rmSync, writeFileSync} from 'node:fs';
import {copyFile} from 'node:fs/promises';
import {join} from 'node:path';
import {temporaryDirectory} from './temporary-directory.ts';

/** An image with the built agent program in it. */
export const testImage = 'byoai-test-agent';

const agentProgram = join(import.meta.dirname, '../../dist/agent.js');

/** Why tests that need a Docker engine are passed over; undefined: one answers. `BYOAI_TEST_REQUIRE=docker` makes that a failure. */
export function whyNoDocker(): string | undefined {
	const {status, stderr, error} = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], {encoding: 'utf8'});
	if (status === 0) return undefined;
	const why = (error?.message ?? stderr.trim().split('\n').at(-1)) || 'docker version failed';
	if ((process.env.BYOAI_TEST_REQUIRE ?? '').split(',').includes('docker')) throw new Error(`BYOAI_TEST_REQUIRE asks for Docker: ${why}`);
	return why;
}

/** Runs `docker`, and returns what it prints. */
export function docker(...argv: readonly string[]): string {
	return execFileSync('docker', argv, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}).trim();
}

/** Builds the image of this file's tests; the engine's cache makes that cheap when the agent program has not changed. */
export async function buildTestImage(): Promise<void> {
	if (!existsSync(agentProgram)) throw new Error(`${agentProgram} is not there: run "npm run build" first`);
	const directory = temporaryDirectory(remove => void remove);
	try {
		await copyFile(agentProgram, join(directory, 'agent.js'));
		writeFileSync(join(directory, 'Dockerfile'), 'FROM node:26-bookworm-slim\nCOPY agent.js /agent.js\nCMD ["node", "/agent.js"]\n');
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
