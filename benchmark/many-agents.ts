import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import * as http from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {FleetAgent} from './fleet-agent.ts';

/**
 * A manager with many agents and a long queue, and its API beside a plain node:http server, in one run on one machine: only ratios mean
 * anything.
 *
 *     node benchmark/many-agents.ts [agents] [tasks] [requests]
 *
 * The agents live in this process, speak the agent protocol over sockets, and end each task at once.
 */
const [agents = 1000, tasks = 10_000, requests = 20_000] = process.argv.slice(2).map(Number);
const port = 5170;
const url = `http://127.0.0.1:${port}`;
const stateDir = mkdtempSync(join(tmpdir(), 'byoai-agents-'));
const cli = join(import.meta.dirname, '..', 'dist', 'cli.js');
const connections = new http.Agent({keepAlive: true, maxSockets: Number.POSITIVE_INFINITY});

type Answer = {readonly status: number; readonly body: string};

function call(method: string, path: string, body?: unknown, at = url): Promise<Answer> {
	const text = body === undefined ? '' : JSON.stringify(body);
	return new Promise((resolve, reject) => {
		const headers = {'content-type': 'application/json', 'content-length': Buffer.byteLength(text)};
		const request = http.request(at + path, {method, agent: connections, headers}, response => {
			const parts: Buffer[] = [];
			response.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
			response.on('end', () => resolve({status: response.statusCode ?? 0, body: Buffer.concat(parts).toString()}));
		});
		request.on('error', reject).end(text);
	});
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
	for (let tries = 0; tries < 3000; tries++) {
		if (await check().catch(() => false)) return;
		await sleep(100);
	}
	throw new Error(`waited in vain: ${what}`);
}

function memoryMiB(pid: number, key: 'VmHWM' | 'VmRSS'): number {
	return Math.round(Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
}

function percentile(values: readonly number[], share: number): string {
	const sorted = values.toSorted((a, b) => a - b);
	return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1)} ms`;
}

/** Requests a second of one address, by so many clients that each wait for their answer. */
async function rate(at: string, path: string, clients = 32): Promise<number> {
	let left = requests;
	const began = performance.now();
	await Promise.all(
		Array.from({length: clients}, async () => {
			while (left-- > 0) await call('GET', path, undefined, at);
		}),
	);
	return requests / ((performance.now() - began) / 1000);
}

async function plainServer(): Promise<{at: string; close: () => void}> {
	const body = JSON.stringify({status: 'ok', version: '0.1.0', protocol: 1});
	const program = `require('node:http').createServer((q, s) => { s.setHeader('content-type', 'application/json'); s.end(${JSON.stringify(body)}); }).listen(${port + 1}, '127.0.0.1', () => console.log('listens'))`;
	const child = spawn(process.execPath, ['-e', program], {stdio: ['ignore', 'pipe', 'inherit']});
	await once(child.stdout, 'data');
	return {at: `http://127.0.0.1:${port + 1}`, close: () => child.kill()};
}

async function fillQueue(): Promise<string> {
	const spec = (index: number) => ({name: `t${index}`, command: 'true', agent: {labels: {fleet: 'yes'}}, depends_on: []});
	const workflow = {name: 'queue', tasks: Array.from({length: tasks}, (_, index) => spec(index))};
	const {status, body} = await call('POST', '/v1/runs', {workflow});
	if (status !== 201) throw new Error(`the run was refused: ${body}`);
	return (JSON.parse(body) as {id: string}).id;
}

async function measure(pid: number): Promise<void> {
	await until('the manager listens', async () => (await call('GET', '/health')).status === 200);
	console.log(`manager at rest: ${memoryMiB(pid, 'VmRSS')} MiB`);
	const fleet = Array.from({length: agents}, (_, index) => new FleetAgent(`agent-${index}`, call));
	const began = performance.now();
	for (let at = 0; at < fleet.length; at += 100) await Promise.all(fleet.slice(at, at + 100).map(agent => agent.register()));
	console.log(`${agents} agents registered in ${((performance.now() - began) / 1000).toFixed(1)} s: ${memoryMiB(pid, 'VmRSS')} MiB`);
	for (const agent of fleet) void agent.live();
	const run = await fillQueue();
	const queued = performance.now();
	const ended = async () =>
		['succeeded', 'failed'].includes(
			(JSON.parse((await call('GET', '/v1/runs?limit=1')).body) as {runs: {status: string}[]}).runs[0]?.status ?? '',
		);
	await until('the run ends', ended);
	const seconds = (performance.now() - queued) / 1000;
	const latencies = fleet.flatMap(agent => agent.latencies);
	const done = fleet.reduce((sum, agent) => sum + agent.done, 0);
	console.log(`${tasks} tasks of run ${run} in ${seconds.toFixed(1)} s: ${(tasks / seconds).toFixed(0)} tasks/s, ${done} attempts`);
	console.log(
		`exchanges that brought an outcome: ${latencies.length}, median ${percentile(latencies, 0.5)}, p99 ${percentile(latencies, 0.99)}`,
	);
	console.log(`manager: ${memoryMiB(pid, 'VmRSS')} MiB, peak ${memoryMiB(pid, 'VmHWM')} MiB`);
	for (const agent of fleet) agent.close();
}

const manager = spawn(process.execPath, [cli, 'agent-manager-mode', '--no-tui', '--port', String(port), '--state-dir', stateDir], {
	stdio: ['ignore', 'ignore', 'inherit'],
	env: {...process.env, XDG_CONFIG_HOME: join(import.meta.dirname, 'settings')},
});
try {
	await measure(manager.pid ?? 0);
	const plain = await plainServer();
	const [bare, own] = [await rate(plain.at, '/'), await rate(url, '/health')];
	console.log(`requests a second: node:http ${bare.toFixed(0)}, GET /health ${own.toFixed(0)} (${((own / bare) * 100).toFixed(0)} %)`);
	plain.close();
} finally {
	manager.kill('SIGKILL');
	connections.destroy();
	rmSync(stateDir, {recursive: true, force: true});
}
