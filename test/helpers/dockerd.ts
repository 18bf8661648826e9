import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

/*
 * What every Docker engine of our own has to do with: one that is started in a directory of its own, killed, and cleared away.
 */

/** Where an engine in this directory is reached, for `DOCKER_HOST`. */
export const engineHost = (directory: string): string => `unix://${directory}/docker.sock`;

/** What `dockerd` is told, so that it has all of its own below the directory and leaves the firewall alone. The bridge differs. */
export function engineArguments(directory: string): readonly string[] {
	const below = {'--data-root': 'data', '--exec-root': 'run', '--pidfile': 'pid'};
	const places = Object.entries(below).flatMap(([option, path]) => [option, join(directory, path)]);
	return ['--host', engineHost(directory), ...places, '--iptables=false', '--ip6tables=false'];
}

/** The engine itself, and the containerd that it started. */
export function enginePids(directory: string): readonly [engine: number, containerd: number] {
	const read = (path: string) => Number(readFileSync(join(directory, path), 'utf8'));
	return [read('pid'), read('run/containerd/containerd.pid')];
}

/** `kill -9` of both. What watches over containers, and these, live on. Resolves when they are dead. */
export async function killEngine(directory: string): Promise<void> {
	const pids = enginePids(directory);
	for (const pid of pids) process.kill(pid, 'SIGKILL');
	await until(() => !pids.some(isAlive), 'the engine does not die');
}

/** Ends it in good order. */
export async function endEngine(directory: string): Promise<void> {
	const pids = enginePids(directory);
	process.kill(pids[0], 'SIGTERM');
	await until(() => !pids.some(isAlive), 'the engine does not end');
}

/** A killed engine leaves what it had mounted: networks of its containers, and layers. */
export function unmountBelow(directory: string): void {
	const mounts = readFileSync('/proc/mounts', 'utf8')
		.split('\n')
		.flatMap(line => line.split(' ')[1] ?? []);
	for (const path of mounts.filter(mount => mount.startsWith(`${directory}/`)).reverse()) execFileSync('umount', ['--lazy', path]);
}

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false; // there is no such process
	}
}

const patienceMs = 60_000;

/** Resolves when the condition holds; rejects with the problem when it has not for a minute. */
export async function until(condition: () => boolean, problem: string): Promise<void> {
	for (const deadline = performance.now() + patienceMs; !condition(); ) {
		if (performance.now() > deadline) throw new Error(problem);
		await sleep(50);
	}
}
