import {existsSync, readdirSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import type {AttemptRef} from '../../source/model/ids.ts';
import type {Assignment} from '../../source/protocol/messages.ts';
import type {AgentProcess} from './agent-process.ts';
import {eventually, processesWith, startAgent, uniqueSeconds} from './agent-process.ts';
import {MiniOrchestrator} from './mini-orchestrator.ts';
import {temporaryDirectory} from './temporary-directory.ts';

/** A real agent with two slots and its orchestrator. All temporary files of the agent are in `directory`. */
export type Meeting = {
	readonly orchestrator: MiniOrchestrator;
	readonly agent: AgentProcess;
	readonly url: string;
	readonly directory: string;
};

export async function meet(options: {leaseMs?: number; env?: Record<string, string>} = {}): Promise<Meeting> {
	const directory = temporaryDirectory();
	const orchestrator = new MiniOrchestrator(options);
	const url = await orchestrator.start();
	onTestFinished(() => orchestrator.stop());
	const agent = startAgent({ORCHESTRATOR_URL: url, AGENT_SLOTS: '2', TMPDIR: directory, ...options.env});
	return {orchestrator, agent, url, directory};
}

let tasks = 0;

export function assign(orchestrator: MiniOrchestrator, command: Assignment['command'], change: Partial<Assignment> = {}): AttemptRef {
	tasks += 1;
	return orchestrator.assign({ref: {run: 'r1', task: tasks, attempt: 1}, task: 'a task', command, env: {}, graceMs: 300, ...change});
}

/** Assigns a command that runs in several processes and ignores SIGTERM; resolves once it runs. */
export async function assignSleepers({orchestrator, directory}: Meeting) {
	const seconds = uniqueSeconds();
	const pulse = join(directory, `pulse-${seconds}`);
	onTestFinished(() => rmSync(pulse, {force: true}));
	const beating = `while :; do : >${pulse}; sleep 0.02; done`;
	const ref = assign(orchestrator, `trap '' TERM; sleep ${seconds} & sh -c 'sleep ${seconds}; :' & ${beating}`);
	await eventually(() => processesWith(`sleep ${seconds}`).length >= 4 && existsSync(pulse));
	return {
		ref,
		seconds,
		/** When it gave its last sign of life, on the wall clock; looks away then. */
		lastPulse: () => {
			const {mtimeMs} = statSync(pulse);
			rmSync(pulse);
			return mtimeMs;
		},
	};
}

/** What the agent left behind of its temporary files. */
export function leftovers({directory}: Pick<Meeting, 'directory'>): string[] {
	return readdirSync(directory).filter(name => name.startsWith('byoai-agent-'));
}

/** Process ids of the agent's watchdogs. */
export function watchdogsOf({directory, agent}: Meeting): number[] {
	return processesWith(`--watchdog ${directory}`).filter(pid => pid !== agent.pid);
}
