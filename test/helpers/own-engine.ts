import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {onTestFinished} from 'vitest';
import {endEngine, engineArguments, engineHost, enginePids, isAlive, killEngine, unmountBelow, until} from './dockerd.ts';

/** A Docker engine of a test's own, which may be killed: without networks, and with one image that has `sh` and `sleep`. */
export type OwnEngine = {
	/** For `DOCKER_HOST`. */
	readonly host: string;
	readonly image: string;
	/** Runs the engine's client. */
	docker(...argv: readonly string[]): string;
	/** `kill -9` of the engine and of its containerd. What watches over its containers, and these, live on. */
	kill(): Promise<void>;
	/** Starts it again. */
	start(): Promise<void>;
};

const patienceMs = 30_000;
/** An engine that is only just beginning takes a connection and does not answer. */
const lookMs = 2000;
const programs = ['/bin/sh', '/bin/sleep'];

/** Why there can be no such engine here; undefined: there can. */
export function whyNoOwnEngine(): string | undefined {
	if (process.getuid?.() !== 0) return 'an engine of its own needs root';
	const has = (program: string) => spawnSync(program, ['--version']).status === 0;
	return has('dockerd') && has('docker') && has('unshare') ? undefined : 'no dockerd, docker or unshare here';
}

/** Starts one, which ends with the test. Its name must not be shared: `mkdtemp` gives it a directory of its own. */
export async function startOwnEngine(): Promise<OwnEngine> {
	const directory = mkdtempSync(join(tmpdir(), 'byoai-engine-'));
	const host = engineHost(directory);
	const docker = (...argv: readonly string[]) =>
		execFileSync('docker', ['--host', host, ...argv], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: patienceMs}).trim();

	async function start(): Promise<void> {
		const argv = [...engineArguments(directory), '--bridge', 'none'];
		// Without a network namespace of its own, an engine with no bridge removes docker0 from under this host's other one.
		spawn('unshare', ['--net', 'dockerd', ...argv], {detached: true, stdio: 'ignore'}).unref();
		const answers = () => spawnSync('docker', ['--host', host, 'version'], {timeout: lookMs}).status === 0;
		await until(answers, `no engine answers at ${host}`);
	}

	onTestFinished(async () => {
		if (!existsSync(join(directory, 'pid'))) return;
		if (!isAlive(enginePids(directory)[0])) await start();
		const all = docker('ps', '--all', '--quiet').split('\n').filter(Boolean);
		if (all.length > 0) docker('rm', '--force', ...all);
		await endEngine(directory);
		unmountBelow(directory);
		rmSync(directory, {recursive: true, force: true});
	}, patienceMs);

	await start();
	const image = 'byoai-test-shell';
	importImage(host, image, join(directory, 'root'));
	return {host, image, docker, kill: () => killEngine(directory), start};
}

/** From this machine's own programs, and what they are linked with: no registry is needed. */
function importImage(host: string, image: string, root: string): void {
	for (const program of programs) {
		const linked = execFileSync('ldd', [program], {encoding: 'utf8'}).match(/\/\S+/g) ?? [];
		for (const file of [program, ...linked]) {
			mkdirSync(dirname(join(root, file)), {recursive: true});
			copyFileSync(file, join(root, file));
		}
	}
	const archive = execFileSync('tar', ['-c', '.'], {cwd: root, maxBuffer: 64 * 1024 * 1024});
	execFileSync('docker', ['--host', host, 'import', '-', image], {input: archive, timeout: patienceMs});
}
