import {execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, openSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Docker} from './docker.ts';
import {dockerCommand} from './docker.ts';
import {processesWith, signalAll} from './processes.ts';

const patienceMs = 60_000;
/** An engine that belongs to the rounds alone, so that it may be killed: own socket, own data, own bridge. Needs root. */
export async function startEngine(image: string): Promise<Docker & {close(): Promise<void>}> {
	const directory = mkdtempSync(join(tmpdir(), 'byoai-chaos-engine-'));
	const host = `unix://${directory}/docker.sock`;
	// An engine without a bridge (`--bridge none`) would remove `docker0`, which is another engine's.
	const bridge = addBridge();
	const start = () => startDaemon(directory, host, bridge);
	await start();
	execFileSync('sh', ['-c', `docker save ${image} | DOCKER_HOST=${host} docker load --quiet`], {stdio: 'ignore'});
	return {
		host,
		image,
		async restart() {
			const pids = pidsOf(directory);
			for (const pid of pids) process.kill(pid, 'SIGKILL');
			await until(() => !pids.some(isAlive), 'the engine does not die');
			await start();
		},
		async close() {
			const ids = dockerCommand({host}, 'ps', '--all', '--quiet').split('\n').filter(Boolean);
			if (ids.length > 0) dockerCommand({host}, 'rm', '--force', ...ids);
			const pids = pidsOf(directory);
			process.kill(pids[0] ?? 0, 'SIGTERM');
			await until(() => !pids.some(isAlive), 'the engine does not end');
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
	const own = [
		'--host',
		host,
		'--data-root',
		join(directory, 'data'),
		'--exec-root',
		join(directory, 'run'),
		'--pidfile',
		pidFile(directory),
	];
	const child = spawn('dockerd', [...own, '--bridge', bridge, '--iptables=false', '--ip6tables=false'], {
		detached: true,
		stdio: ['ignore', log, log],
	});
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

const pidFile = (directory: string): string => join(directory, 'pid');

/** The engine itself, and the containerd that it started. */
function pidsOf(directory: string): readonly number[] {
	return [pidFile(directory), join(directory, 'run/containerd/containerd.pid')].map(path => Number(readFileSync(path, 'utf8')));
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false; // there is no such process
	}
}

async function until(condition: () => boolean, problem: string): Promise<void> {
	for (const deadline = performance.now() + patienceMs; !condition(); ) {
		if (performance.now() > deadline) throw new Error(problem);
		await sleep(50);
	}
}

/** A killed engine leaves what it had mounted: networks of its containers, and layers. */
function unmountBelow(directory: string): void {
	const mounts = readFileSync('/proc/mounts', 'utf8')
		.split('\n')
		.map(line => line.split(' ')[1] ?? '');
	for (const path of mounts.filter(mount => mount.startsWith(`${directory}/`)).reverse()) execFileSync('umount', ['--lazy', path]);
}
