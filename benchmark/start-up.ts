import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {systemClock} from '../source/engine/clock.ts';
import {Engine} from '../source/engine/engine.ts';
import type {Event} from '../source/model/event.ts';
import {openStore} from '../source/store/sqlite.ts';
import {endedRun} from '../test/helpers/ended-run.ts';
import {assigned, finished, opened, registered, submitted} from '../test/helpers/live-engine.ts';
import {task, workflow} from '../test/helpers/scheduling.ts';

/**
 * How long a start takes with a large history: so many ended runs, and one live run of so many tasks whose whole progress stands in the
 * journal, with no snapshot since. Ready is when `GET /health` and `GET /v1/runs` have been answered. Each start ends by kill -9.
 *
 *     node benchmark/start-up.ts [runs] [tasks] [rounds]
 */
const [runs = 10_000, tasks = 10_000, rounds = 7] = process.argv.slice(2).map(Number);
const cli = join(import.meta.dirname, '..', 'dist', 'cli.js');
const directory = mkdtempSync(join(tmpdir(), 'byoai-start-up-'));
/** Events in one commit. */
const batch = 1000;

/** Writes the state directory of an orchestrator that was killed; returns how many events its journal has. */
async function writeState(stateDir: string, endedRuns: number, liveTasks: number): Promise<number> {
	mkdirSync(join(stateDir, 'logs'), {recursive: true, mode: 0o700});
	const store = openStore(join(stateDir, 'byoai.db'));
	for (let first = 0; first < endedRuns; first += batch) {
		const ids = Array.from({length: Math.min(batch, endedRuns - first)}, (_, index) => `r0${String(first + index).padStart(8, '0')}`);
		store.append({events: [], endedRuns: ids.map(id => ({...endedRun(id), endedAt: Date.now()}))});
	}
	const limits = {batch_events: batch, snapshot_events: Number.POSITIVE_INFINITY};
	const engine = new Engine({store, clock: systemClock, limits, perform: () => undefined, onFatal: error => Promise.reject(error)});
	engine.restore();
	let events = 0;
	const tell = async (...told: readonly Event[]) => {
		events += told.length;
		await Promise.all(told.map(event => engine.submit(event)));
	};
	if (liveTasks > 0) {
		await tell(registered('crew', liveTasks), opened('s1', 'crew'));
		const anywhere = {agent: {labels: {}}};
		await tell(submitted('r1live', workflow(Array.from({length: liveTasks}, (_, index) => task(`t${index}`, anywhere)))));
		for (let first = 0; first < liveTasks - batch; first += batch / 2) {
			const some = Array.from({length: batch / 2}, (_, index) => first + index);
			await tell(...some.map(index => assigned('s1', 'r1live', index)));
			await tell(...some.map(index => finished('s1', 'r1live', {task: index})));
		}
	}
	store.close();
	return events;
}

type Start = {readonly ms: number; readonly cpuMs: number};

/** One start, until it is ready. */
async function start(stateDir: string): Promise<Start> {
	const begun = performance.now();
	const child = spawn(process.execPath, [cli, 'agent-manager-mode', '--no-tui', '--port', '0', '--state-dir', stateDir, '-f', idle], {
		stdio: ['ignore', 'ignore', 'ignore'],
		cwd: directory,
		env: {PATH: process.env.PATH, NODE_COMPILE_CACHE: join(directory, 'compiled'), XDG_CONFIG_HOME: directory},
	});
	try {
		const url = await endpointOf(stateDir, child.pid);
		for (const path of ['/health', '/v1/runs']) {
			const response = await fetch(url + path);
			if (!response.ok) throw new Error(`${path}: ${response.status}`);
			await response.arrayBuffer();
		}
		return {ms: performance.now() - begun, cpuMs: cpuOf(child.pid)};
	} finally {
		child.kill('SIGKILL');
		await once(child, 'exit');
	}
}

async function endpointOf(stateDir: string, pid: number | undefined): Promise<string> {
	for (;;) {
		try {
			const endpoint = JSON.parse(readFileSync(join(stateDir, 'endpoint'), 'utf8')) as {url: string; pid: number};
			if (endpoint.pid === pid) return endpoint.url;
		} catch {
			// It does not listen yet.
		}
		await sleep(2);
	}
}

/** Processor time so far; Linux only. On a busy machine it tells more than the time that passed. */
function cpuOf(pid: number | undefined): number {
	const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
	return 10 * (Number(fields[11]) + Number(fields[12]));
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Waits for an agent that is never there: nothing is started on this host. */
const idle = join(directory, 'idle.yml');
writeFileSync(idle, 'tasks: [{name: waits, agent: nobody, command: "true"}]\n');
try {
	const cases = [
		['an empty state directory', 0, 0],
		[`${runs} ended runs`, runs, 0],
		[`${runs} ended runs, a live one of ${tasks} tasks`, runs, tasks],
	] as const;
	for (const [name, ended, live] of cases) {
		const stateDir = join(directory, `state-${ended}-${live}`);
		const events = await writeState(stateDir, ended, live);
		await start(stateDir); // the first one fills the caches
		const starts: Start[] = [];
		for (let round = 0; round < rounds; round++) starts.push(await start(stateDir));
		const [ms, cpuMs] = [median(starts.map(one => one.ms)), median(starts.map(one => one.cpuMs))];
		const most = Math.max(...starts.map(one => one.ms));
		console.log(
			`${name} (${events} events in the journal): ready in ${ms.toFixed(0)} ms, at most ${most.toFixed(0)}; ${cpuMs.toFixed(0)} ms of processor time`,
		);
	}
} finally {
	rmSync(directory, {recursive: true, force: true});
}
