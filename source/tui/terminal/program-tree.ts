import {execFile} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import {parseProcessStat} from '../../model/process-stat.ts';

const execute = promisify(execFile);

/** How long a program, and each that it started, may take to end when it is asked to; then it is killed. */
const endWithinMs = 2000;
/** How long what was killed may take to vanish: longer takes only what is stuck in the kernel. */
const vanishMs = 1000;
const lookMs = 20;

/** A process; `startedAt` tells it from a later one of the same number, where that is known. */
type Seen = {readonly pid: number; readonly startedAt: string};
type Listed = Seen & {readonly parent: number};

/**
 * Ends a program that was started here, with all that it started: SIGTERM, and SIGKILL for what is left 2 s later. Resolves when none of
 * them is there any more, or cannot be ended. It is no process group of its own, for one that has none of the terminal's could not have the
 * terminal; nor is it this process's group alone, in which there may be others, such as `npm`.
 */
export async function endTree(pid: number): Promise<void> {
	// Before the first of them ends: those that it started are nobody's children then.
	const tree = descendantsOf(pid, await processes());
	signal(tree, 'SIGTERM');
	// What is stopped hears nothing else.
	signal(tree, 'SIGCONT');
	if (await vanish(tree, endWithinMs)) return;
	const left = tree.filter(lives);
	const table = await processes();
	const all = left.flatMap(one => descendantsOf(one.pid, table));
	signal(all, 'SIGKILL');
	await vanish(all, vanishMs);
}

async function vanish(tree: readonly Seen[], withinMs: number): Promise<boolean> {
	for (const until = performance.now() + withinMs; performance.now() < until; await sleep(lookMs)) if (!tree.some(lives)) return true;
	return !tree.some(lives);
}

function signal(tree: readonly Seen[], name: NodeJS.Signals): void {
	for (const {pid} of tree.filter(lives)) {
		try {
			process.kill(pid, name);
		} catch {
			// It has ended meanwhile, or is another user's, as with `sudo`: then it cannot be ended from here.
		}
	}
}

function descendantsOf(pid: number, table: readonly Listed[]): readonly Seen[] {
	const found = table.filter(one => one.pid === pid);
	// It grows while it is walked through.
	for (const {pid: parent} of found) found.push(...table.filter(one => one.parent === parent));
	return found;
}

/** Neither gone, nor dead and not yet taken note of by its parent. */
function lives({pid, startedAt}: Seen): boolean {
	if (process.platform === 'linux') return statOf(pid)?.startedAt === startedAt;
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}

async function processes(): Promise<readonly Listed[]> {
	if (process.platform === 'linux') return readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? (statOf(Number(name)) ?? []) : []));
	const {stdout} = await execute('ps', ['-A', '-o', 'pid=,ppid=']);
	return stdout.split('\n').flatMap(line => {
		const [pid = 0, parent = 0] = line.trim().split(/\s+/).map(Number);
		return pid > 0 ? {pid, parent, startedAt: ''} : [];
	});
}

/** Undefined: it has ended. */
function statOf(pid: number): Listed | undefined {
	try {
		const {state, parent, startTime} = parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
		return state === 'Z' || state === 'X' ? undefined : {pid, parent, startedAt: startTime};
	} catch {
		return undefined;
	}
}
