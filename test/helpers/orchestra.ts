import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {Exchanges} from '../../source/agents/exchange.ts';
import type {Clock} from '../../source/engine/clock.ts';
import {systemClock} from '../../source/engine/clock.ts';
import {Engine} from '../../source/engine/engine.ts';
import {History} from '../../source/engine/history.ts';
import {createRunIds} from '../../source/engine/run-ids.ts';
import {TaskLogs} from '../../source/engine/task-logs.ts';
import {Views} from '../../source/engine/views.ts';
import type {Command} from '../../source/model/command.ts';
import type {Event} from '../../source/model/event.ts';
import type {Limits} from '../../source/model/limits.ts';
import {defaultLimits} from '../../source/model/limits.ts';
import type {Server} from '../../source/server/server.ts';
import {createServer} from '../../source/server/server.ts';
import type {Services} from '../../source/server/services.ts';
import {openLogFiles} from '../../source/store/log-files.ts';
import {openStore} from '../../source/store/sqlite.ts';
import type {Work} from './fake-agent.ts';
import {FakeAgent} from './fake-agent.ts';

export type OrchestraOptions = {
	readonly token?: string;
	readonly limits?: Partial<Limits>;
	readonly clock?: Clock;
	/** By default each task succeeds at once and prints its name. */
	readonly work?: Work;
};

export type Orchestra = {
	readonly server: Server;
	readonly services: Services;
	/** Exists, and is removed with the test. */
	readonly directory: string;
	/** Diagnostics. */
	readonly warnings: readonly string[];
	/** Registers an agent and lets it work. */
	play(name: string, slots?: number): Promise<FakeAgent>;
	/** Sends a request to the server without a socket; a body that is no text goes as JSON. */
	call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
	/** Resolves once the run has ended. */
	ended(run: string): Promise<void>;
};

const settings = {leaseMs: 60_000, instanceLeaseMs: 60_000, silentMs: 15_000, graceMs: 1000, holdMs: 10_000};

/** The core with an engine in memory and the real server, and agents that call the exchange without a process or a socket. */
export function openOrchestra(options: OrchestraOptions = {}): Orchestra {
	const directory = mkdtempSync(join(tmpdir(), 'byoai-orchestra-'));
	mkdirSync(join(directory, 'workflows'));
	const agents = new Map<string, FakeAgent>();
	const warnings: string[] = [];
	const start = (name: string, slots: number) => {
		const agent = new FakeAgent({name, slots, exchanges: services.exchanges, work: options.work ?? printName});
		agents.set(name, agent);
		agent.start();
		return agent;
	};
	const perform = (command: Command) => performWithFakes(command, {...services, agents, start});
	const {services, close} = openServices(options, {directory, warnings, perform});
	onTestFinished(async () => {
		for (const agent of agents.values()) agent.close();
		await close();
		rmSync(directory, {recursive: true, force: true});
	});
	const {engine, clock} = services;
	const server = createServer(services);
	return {
		server,
		services,
		directory,
		warnings,
		call: (...request) => server.fetch(requestOf(...request)),
		async play(name, slots = 1) {
			const agent = {name, type: 'test', mode: 'pull' as const, slots, labels: {}};
			await engine.submit({type: 'agent-registered', at: clock.now(), agent});
			return start(name, slots);
		},
		ended: run => endOf(engine, run),
	};
}

const printName: Work = async ({task}, print) => {
	await print(`${task}\n`);
	return {status: 'succeeded', exitCode: 0};
};

type Surroundings = {readonly directory: string; readonly warnings: string[]; readonly perform: (command: Command) => void};

function openServices(options: OrchestraOptions, {directory, warnings, perform}: Surroundings) {
	const limits: Limits = {...defaultLimits, ...options.limits};
	const clock = options.clock ?? systemClock;
	const warn = (message: string) => void warnings.push(message);
	const store = openStore(':memory:');
	const logFiles = openLogFiles(join(directory, 'logs'), {attemptBytes: limits.attempt_log_bytes});
	const logs = new TaskLogs(logFiles);
	const engine = new Engine({store, clock, limits, onFatal: error => warn(error.message), perform});
	const exchanges = new Exchanges({engine, logs, clock, settings});
	const views = new Views(engine, agent => exchanges.isHeard(agent));
	const services: Services = {
		engine,
		exchanges,
		views,
		history: new History(engine, store, (session, ref) => exchanges.holds(session, ref)),
		logs,
		clock,
		limits,
		warn,
		workflowDir: join(directory, 'workflows'),
		version: '1.2.3',
		epoch: 'life-one',
		instanceToken: agent => `token-of-${agent}`,
		localAgent: {slots: 2, idleMs: 0},
		supportedTypes: new Set(['local']),
		refusalsOf: ({env}) => (env.REFUSED === undefined ? [] : [env.REFUSED]),
		newRunId: createRunIds(clock.now),
		...(options.token !== undefined && {token: options.token}),
	};
	exchanges.start();
	engine.start();
	const close = async () => {
		exchanges.close();
		views.close();
		engine.close();
		await logFiles.close();
		store.close();
	};
	return {services, close};
}

/** A body that is no text goes as JSON. */
function requestOf(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Request {
	const isText = typeof body === 'string';
	return new Request(`http://127.0.0.1:5001${path}`, {
		method,
		headers: {...(body !== undefined && !isText && {'content-type': 'application/json'}), ...headers},
		...(body !== undefined && {body: isText ? body : JSON.stringify(body)}),
	});
}

type Fakes = {
	readonly engine: Engine;
	readonly exchanges: Exchanges;
	readonly clock: Clock;
	readonly agents: ReadonlyMap<string, FakeAgent>;
	readonly start: (name: string, slots: number) => void;
};

/** Instances are agents in this process. */
function performWithFakes(command: Command, {engine, exchanges, clock, agents, start}: Fakes): void {
	if (command.type === 'send-orders') return exchanges.sendOrders(command.session);
	// Refused when the test is over.
	const tell = (event: Event) => engine.offer(event).catch(() => 'over');
	if (command.type === 'start-instance') {
		const {name, agent} = command.spec;
		void tell({type: 'instance-started', at: clock.now(), instance: name, handle: {driver: 'fake'}}).then(refusal => {
			if (refusal === undefined) start(name, agent.slots);
		});
	} else if (command.type === 'stop-instance') {
		agents.get(command.spec.name)?.close();
		void tell({type: 'instance-ended', at: clock.now(), instance: command.spec.name, end: {cause: 'stopped'}});
	}
}

function endOf(engine: Engine, run: string): Promise<void> {
	if (engine.state.runs[run] === undefined) return Promise.resolve();
	return new Promise(resolve => {
		const stop = engine.subscribe(({after}) => {
			if (after.runs[run] !== undefined) return;
			stop();
			resolve();
		});
	});
}
