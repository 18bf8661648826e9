import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import type {Client} from '../source/client/client.ts';
import {createClient} from '../source/client/client.ts';
import {copyProgram} from '../test/chaos/place.ts';

/**
 * A manager that takes run after run, with readers of events and of output beside it: memory, file descriptors and files have to stay
 * as they are. Few runs are kept, so that their removal is part of it. Linux only.
 *
 *     npm run soak -- [--minutes 20]
 *
 * Exit status 1: the last quarter has more of something than the second one.
 */
const {values} = parseArgs({options: {minutes: {type: 'string', default: '20'}}});
const totalMs = Number(values.minutes) * 60_000;
const sampleMs = Math.max(1000, Math.min(10_000, totalMs / 60));
// A copy, for it has to last.
const program = copyProgram();
const directory = join(program.directory, 'soak');
const state = join(directory, 'state');

const flow = `
name: soak
fail_fast: false
agents: [{name: crew, type: local, slots: 4}]
defaults: {agent: crew}
tasks:
${Array.from({length: 8}, (_, index) => `  - {name: t${index}, depends_on: [], command: 'seq 1 ${200 * (index + 1)}'}`).join('\n')}
  - {name: unsteady, depends_on: [], command: '[ $BYOAI_ATTEMPT -ge 2 ]', retry: {limit: 1, delay: 50ms}}
  - {name: late, depends_on: [], command: 'sleep 20', timeout: 200ms, continue_on_error: true}
  - {name: at-home, depends_on: [], agent: local-agent, command: 'echo here'}
`;

/** What is measured: each name must not grow. */
type Sample = Readonly<
	Record<'memoryMiB' | 'descriptors' | 'agentMemoryMiB' | 'agentDescriptors' | 'processes' | 'files' | 'databaseMiB', number>
>;

/** By how much the last quarter may be above the second: garbage collection and what is under way at the moment of a sample. */
const permitted: Sample = {
	memoryMiB: 40,
	descriptors: 12,
	agentMemoryMiB: 20,
	agentDescriptors: 24,
	processes: 8,
	files: 300,
	databaseMiB: 8,
};

function processesOfState(): readonly number[] {
	return readdirSync('/proc')
		.filter(name => /^\d+$/.test(name))
		.map(Number)
		.filter(pid => orElse(() => readFileSync(`/proc/${pid}/environ`, 'latin1').includes(state), false));
}

function memoryOf(pid: number): number {
	const status = orElse(() => readFileSync(`/proc/${pid}/status`, 'utf8'), '');
	return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

const descriptorsOf = (pid: number): number => orElse(() => readdirSync(`/proc/${pid}/fd`).length, 0);
const isAgentProgram = (pid: number): boolean => orElse(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('agent.js'), false);

function sample(manager: number): Sample {
	const all = processesOfState();
	const agents = all.filter(isAgentProgram);
	const sum = (of: (pid: number) => number) => agents.reduce((total, pid) => total + of(pid), 0);
	const database = ['', '-wal'].map(suffix => orElse(() => statSync(join(state, `byoai.db${suffix}`)).size, 0));
	return {
		memoryMiB: memoryOf(manager),
		descriptors: descriptorsOf(manager),
		agentMemoryMiB: sum(memoryOf),
		agentDescriptors: sum(descriptorsOf),
		processes: all.length,
		files: orElse(() => readdirSync(state, {recursive: true}).length, 0),
		databaseMiB: database.reduce((total, size) => total + size, 0) / 1024 / 1024,
	};
}

/** Processes and files come and go while they are looked at. */
function orElse<T>(look: () => T, otherwise: T): T {
	try {
		return look();
	} catch {
		return otherwise;
	}
}

async function managerUrl(manager: ChildProcess): Promise<string> {
	for (;;) {
		const endpoint = orElse(() => JSON.parse(readFileSync(join(state, 'endpoint'), 'utf8')) as {url: string; pid: number}, undefined);
		if (endpoint?.pid === manager.pid && endpoint !== undefined) return endpoint.url;
		if (manager.exitCode !== null) throw new Error(`the manager ended with ${manager.exitCode}`);
		await sleep(20);
	}
}

/** Submits runs one after the other, and reads the output of each as it comes. Resolves with how many succeeded. */
async function work(client: Client, signal: AbortSignal): Promise<number> {
	let succeeded = 0;
	while (!signal.aborted) {
		const {run} = await client.submitRun({text: flow, directory, file: 'soak.yml'});
		let lines = 0;
		for await (const _ of client.lines({run: run.id, follow: true})) lines++;
		const {status} = await client.run(run.id);
		if (status !== 'succeeded' || lines < 7200) throw new Error(`run ${run.id} is ${status}, with ${lines} lines`);
		succeeded++;
	}
	return succeeded;
}

/** Readers of the events that come and go. */
async function read(client: Client, signal: AbortSignal): Promise<void> {
	while (!signal.aborted) {
		const reader = AbortSignal.any([signal, AbortSignal.timeout(5000)]);
		for await (const _ of client.events(reader)) if (reader.aborted) break;
	}
}

function quarter(samples: readonly Sample[], which: number): readonly Sample[] {
	return samples.slice(Math.floor((samples.length * which) / 4), Math.floor((samples.length * (which + 1)) / 4));
}

/** The middle value, which one sample in a busy moment does not move. */
function middle(samples: readonly Sample[], name: keyof Sample): number {
	return samples.map(one => one[name]).sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? Number.NaN;
}

function report(samples: readonly Sample[]): number {
	let grown = 0;
	for (const name of Object.keys(permitted) as (keyof Sample)[]) {
		const [before, after] = [middle(quarter(samples, 1), name), middle(quarter(samples, 3), name)];
		const isFlat = after - before <= permitted[name];
		if (!isFlat) grown++;
		console.log(`${isFlat ? '✔' : '✖'} ${name.padEnd(16)} ${before.toFixed(1).padStart(8)} → ${after.toFixed(1).padStart(8)}`);
	}
	return grown;
}

mkdirSync(join(directory, 'byoai'), {recursive: true});
writeFileSync(join(directory, 'byoai/config.yml'), 'port: 0\ntask_grace: 200ms\nlimits: {kept_runs: 20}\n');
writeFileSync(join(directory, 'idle.yml'), 'tasks: [{name: a, command: "true"}]\n');
const manager = spawn(process.execPath, [program.cli, 'agent-manager-mode', '--no-tui', '-f', join(directory, 'idle.yml')], {
	stdio: 'ignore',
	cwd: directory,
	env: {PATH: process.env.PATH, BYOAI_STATE_DIR: state, XDG_CONFIG_HOME: directory},
});
try {
	const client = createClient({url: await managerUrl(manager), fetch: request => fetch(request)});
	const stop = new AbortController();
	const samples: Sample[] = [];
	const working = Promise.all([work(client, stop.signal), work(client, stop.signal), read(client, stop.signal)]);
	const begun = performance.now();
	while (performance.now() - begun < totalMs) {
		await Promise.race([sleep(sampleMs), working]);
		samples.push(sample(manager.pid ?? 0));
	}
	stop.abort();
	const [one, other] = await working;
	console.log(`${one + other} runs of 11 tasks in ${values.minutes} minutes; middle of the second quarter → of the last:`);
	process.exitCode = report(samples) > 0 ? 1 : 0;
} finally {
	manager.kill('SIGTERM');
	if (manager.exitCode === null) await once(manager, 'exit');
	for (const pid of processesOfState()) orElse(() => process.kill(pid, 'SIGKILL'), false);
	program.remove();
}
