import type {ChildProcess} from 'node:child_process';
import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';

/** As it is shipped: it starts in a third of the time that Node needs for its sources, and it starts often. */
/** The agent program as it is built. */
export const agentProgram = join(import.meta.dirname, '../../dist/agent.js');

export type AgentProcess = {
	readonly child: ChildProcess;
	readonly pid: number;
	/** What it said so far. */
	said(): string;
	/** Resolves with exit code and signal. */
	readonly exited: Promise<readonly [number | null, NodeJS.Signals | null]>;
};

/** Starts a real agent; the test's end ends it, with its watchdog. */
export function startAgent(env: Readonly<Record<string, string>>): AgentProcess {
	if (!existsSync(agentProgram)) throw new Error(`${agentProgram} is not there: run "npm run build" first`);
	const child = spawn(process.execPath, [agentProgram], {
		env: {PATH: process.env.PATH, AGENT_NAME: 'tester', BYOAI_TOKEN: 'secret', AGENT_API_PORT: '0', ...env},
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	let said = '';
	child.stderr.on('data', (data: Buffer) => {
		said += data.toString();
	});
	const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
	const closed = once(child, 'close'); // its watchdog, too, has this stderr
	onTestFinished(async () => {
		if (child.exitCode === null && child.signalCode === null) {
			child.kill('SIGCONT');
			child.kill('SIGTERM');
		}
		await closed;
	});
	return {child, pid: child.pid ?? 0, said: () => said, exited};
}

/** Where it listens. */
export function listeningUrl(agent: AgentProcess): Promise<string> {
	return eventually(() => /listens on (http:\S+?)[;\s]/.exec(agent.said())?.[1]);
}

/** Calls an agent; the token is that of `startAgent`. */
export async function call(
	url: string,
	body?: unknown,
	options: {token?: string; signal?: AbortSignal; headers?: Readonly<Record<string, string>>} = {},
) {
	const reply = await fetch(url, {
		...(body !== undefined && {method: 'POST', body: JSON.stringify(body)}),
		headers: {authorization: `Bearer ${options.token ?? 'secret'}`, ...options.headers},
		...(options.signal && {signal: options.signal}),
	});
	return {status: reply.status, headers: reply.headers, body: (await reply.json()) as Record<string, unknown>};
}

/** Resolves with what `look` finds, looking again and again; the test's own time limit ends it. */
export async function eventually<Found>(look: () => Found | undefined | false): Promise<Found> {
	for (;;) {
		const found = look();
		if (found !== undefined && found !== false) return found;
		await new Promise(resolve => setTimeout(resolve, 20));
	}
}

/** Process ids of living processes with this text in their arguments. */
export function processesWith(text: string): number[] {
	const lines = execFileSync('ps', ['-A', '-o', 'pid=,stat=,args='], {encoding: 'utf8'}).split('\n');
	return lines.flatMap(line => {
		const [, pid, state = '', args = ''] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
		return pid !== undefined && !state.startsWith('Z') && args.includes(text) ? [Number(pid)] : [];
	});
}

let sleeps = 0;
/** A number of seconds that no other test sleeps: its processes can be told apart by it. */
export function uniqueSeconds(): string {
	sleeps += 1;
	return `${1_000_000 + process.pid}.${sleeps}`;
}
