import {execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, openSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {endEngine, engineArguments, engineHost, killEngine, unmountBelow, until} from '../helpers/dockerd.ts';
import {processesWith, signalAll} from '../helpers/found-processes.ts';
import type {Docker} from './docker.ts';
import {dockerCommand} from './docker.ts';

/** An engine that belongs to the rounds alone, so that it may be killed: own socket, own data, own bridge. Needs root. */
export async function startEngine(image: string): Promise<Docker & {close(): Promise<void>}> {
	const directory = mkdtempSync(join(tmpdir(), 'byoai-chaos-engine-'));
	const host = engineHost(directory);
	// An engine without a bridge (`--bridge none`) would remove `docker0`, which is another engine's.
	const bridge = addBridge();
	const start = () => startDaemon(directory, host, bridge);
	await start();
	execFileSync('sh', ['-c', `docker save ${image} | DOCKER_HOST=${host} docker load --quiet`], {stdio: 'ignore'});
	return {
		host,
		image,
		async restart() {
			await killEngine(directory);
			await start();
		},
		async close() {
			const ids = dockerCommand({host}, 'ps', '--all', '--quiet').split('\n').filter(Boolean);
			if (ids.length > 0) dockerCommand({host}, 'rm', '--force', ...ids);
			await endEngine(directory);
			// What watched over containers outlives a killed containerd, also when there is nothing left to watch over.
			signalAll(processesWith(`${directory}/`), 'SIGKILL');
			execFileSync('ip', ['link', 'delete', bridge]);
			unmountBelow(directory);
			rmSync(directory, {recursive: true, force: true});
		},
	};
}

/** Returns its name. Its addresses follow from this process's id, so that several engines do not meet. */
function addBridge(): string {
	const name = `byoai${process.pid}`;
	execFileSync('ip', ['link', 'add', name, 'type', 'bridge']);
	execFileSync('ip', ['address', 'add', `10.213.${process.pid % 256}.1/24`, 'dev', name]);
	execFileSync('ip', ['link', 'set', name, 'up']);
	return name;
}

async function startDaemon(directory: string, host: string, bridge: string): Promise<void> {
	const log = openSync(join(directory, 'log'), 'a');
	const child = spawn('dockerd', [...engineArguments(directory), '--bridge', bridge], {detached: true, stdio: ['ignore', log, log]});
	child.unref();
	await until(() => answers(host), `no engine answers at ${host}; see ${directory}/log`);
}

function answers(host: string): boolean {
	try {
		dockerCommand({host}, 'version');
		return true;
	} catch {
		return false;
	}
}
