import {randomBytes} from 'node:crypto';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {createCalls} from '../../source/agents/calls.ts';
import {Contacts} from '../../source/agents/contacts.ts';
import type {ExchangeSettings} from '../../source/agents/exchange.ts';
import {Exchanges} from '../../source/agents/exchange.ts';
import {createImageAgents, isHeldInstance} from '../../source/agents/image-agents.ts';
import type {Reach} from '../../source/agents/instance-contacts.ts';
import type {Driver} from '../../source/drivers/driver.ts';
import type {FakeDriverOptions} from '../../source/drivers/fake/fake.ts';
import type {Clock} from '../../source/engine/clock.ts';
import {systemClock} from '../../source/engine/clock.ts';
import {Engine} from '../../source/engine/engine.ts';
import {History} from '../../source/engine/history.ts';
import {Performer} from '../../source/engine/perform.ts';
import {createRunIds} from '../../source/engine/run-ids.ts';
import {TaskLogs} from '../../source/engine/task-logs.ts';
import {Views} from '../../source/engine/views.ts';
import type {ByoaiError} from '../../source/model/error.ts';
import type {Limits} from '../../source/model/limits.ts';
import {defaultLimits} from '../../source/model/limits.ts';
import type {AgentSpec, AgentType, Labels} from '../../source/model/workflow.ts';
import {poolOfInstance} from '../../source/scheduler/state.ts';
import type {Server} from '../../source/server/server.ts';
import {createServer} from '../../source/server/server.ts';
import type {Services} from '../../source/server/services.ts';
import {openLogFiles} from '../../source/store/log-files.ts';
import type {LogStore} from '../../source/store/logs.ts';
import type {Store} from '../../source/store/store.ts';
import {describedReply} from './described-reply.ts';
import type {FakeAgent, Work} from './fake-agent.ts';
import {FakeWorld} from './fake-world.ts';

export type OrchestraOptions = {
	readonly token?: string;
	readonly limits?: Partial<Limits>;
	readonly clock?: Clock;
	readonly intervals?: Partial<ExchangeSettings>;
	/** What tasks do, in a world of its own; by default each succeeds at once and prints its name. */
	readonly work?: Work;
	/** What becomes of the instances of tasks with an `image`, each attempt in one; absent: the world's, or there are none. */
	readonly images?: FakeDriverOptions['script'];
	/** Another life of the orchestrator in a world that is there. */
	readonly world?: FakeWorld;
	/** Puts something in the place of a part, so that it breaks. */
	readonly faults?: Faults;
	/** Where agents of instances are dialled; by default they dial. */
	readonly reach?: Reach;
	/** Whether agents can be started here; by default they can. */
	readonly probe?: Services['probe'];
	/** What instances have printed; by default nothing. */
	readonly lastOutput?: Services['lastOutput'];
};

export type Faults = {
	readonly store?: (store: Store) => Store;
	readonly logs?: (logs: LogStore) => LogStore;
	readonly driver?: (driver: Driver) => Driver;
};

export type Orchestra = {
	readonly server: Server;
	readonly services: Services;
	readonly world: FakeWorld;
	/** The world's: exists, and is removed with the test. */
	readonly directory: string;
	/** Diagnostics. */
	readonly warnings: readonly string[];
	/** Why the engine stopped, if it did. */
	readonly fatal: readonly ByoaiError[];
	/** Registers an agent and lets it work. */
	play(name: string, slots?: number, labels?: Labels): Promise<FakeAgent>;
	/** Sends a request to the server without a socket, and fails where the reply is none that the route describes; a body that is no text goes as JSON. */
	call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
	/** Resolves once the run has ended. */
	ended(run: string): Promise<void>;
	/** Ends this life; the world goes on. At the latest that is done with the test. */
	close(): Promise<void>;
};

const intervals: ExchangeSettings = {leaseMs: 60_000, instanceLeaseMs: 60_000, silentMs: 15_000, graceMs: 1000, holdMs: 10_000};

/** The core with a database in memory and the real server; instances and the agents in them are modelled, without process or socket. */
export function openOrchestra(options: OrchestraOptions = {}): Orchestra {
	const world = options.world ?? new FakeWorld(options.work, options.images);
	const {services, warnings, fatal, close} = openServices(options, world);
	let closed: Promise<void> | undefined;
	const closeOnce = () => {
		closed ??= close();
		return closed;
	};
	onTestFinished(closeOnce);
	const {engine, clock} = services;
	const server = createServer(services);
	return {
		server,
		services,
		world,
		directory: world.directory,
		warnings,
		fatal,
		call: (...request) => describedReply(server, requestOf(...request)),
		async play(name, slots = 1, labels = {}) {
			const agent = {name, type: 'test', mode: 'pull' as const, slots, labels};
			await engine.submit({type: 'agent-registered', at: clock.now(), agent});
			return world.startAgent(name, slots);
		},
		ended: run => endOf(engine, run),
		close: closeOnce,
	};
}

function openServices(options: OrchestraOptions, world: FakeWorld) {
	const limits: Limits = {...defaultLimits, ...options.limits};
	const {clock = systemClock, faults = {}} = options;
	const warnings: string[] = [];
	const fatal: ByoaiError[] = [];
	const warn = (message: string) => void warnings.push(message);
	const store = faults.store?.(world.store) ?? world.store;
	const files = openLogFiles(join(world.directory, 'logs'), {attemptBytes: limits.attempt_log_bytes});
	const logs = new TaskLogs(faults.logs?.(files) ?? files);
	const driver = faults.driver?.(world.createDriver()) ?? world.createDriver();
	const engine: Engine = new Engine({
		store,
		clock,
		limits,
		onFatal: error => fatal.push(error),
		perform: command => performer.perform(command),
	});
	engine.restore();
	const settings = {...intervals, ...options.intervals};
	const exchanges = new Exchanges({engine, logs, clock, settings});
	const calls = createCalls({orchestrator: 'life-one', limits, ...(options.token !== undefined && {token: options.token})});
	const contacts = new Contacts({engine, exchanges, calls, clock, warn, ...contactSettings(options, settings, limits)});
	const drivers = new Map<AgentType, Driver>([['local', driver], ...(world.images === undefined ? [] : [['docker', driver] as const])]);
	const imageSlots = {docker: limits.task_containers};
	const newSession = () => `images-${randomBytes(12).toString('hex')}`;
	const imageOptions = {clock: hurried(clock), warn, drivers, slots: imageSlots, beatMs: 5000, newSession};
	const imageAgents = createImageAgents({engine, exchanges, logs, ...imageOptions});
	const performer = new Performer({
		drivers,
		imageAgents,
		clock: hurried(clock),
		warn,
		offer: event => engine.offer(event),
		sendOrders: session => exchanges.sendOrders(session),
	});
	const views = new Views(
		engine,
		agent => exchanges.isHeard(agent),
		agent => contacts.vitals(agent),
	);
	const services: Services = {
		engine,
		exchanges,
		views,
		history: new History(engine, store, (session, ref) => exchanges.holds(session, ref)),
		logs,
		clock,
		limits,
		warn,
		...fixedServices(options, world, drivers),
		imageSlots,
	};
	world.exchanges = exchanges;
	for (const part of [exchanges, engine, contacts]) part.start();
	const isKnown = (instance: string) => poolOfInstance(engine.state, instance) !== undefined || isHeldInstance(engine.state, instance);
	if (world.images !== undefined) void performer.sweep(isKnown, new Set(['docker']));
	const close = async () => {
		if (world.exchanges === exchanges) world.exchanges = undefined;
		contacts.close();
		exchanges.close();
		calls.close();
		views.close();
		engine.close();
		performer.close();
		await imageAgents.close();
		await driver.close();
		await files.close();
	};
	return {services, warnings, fatal, close};
}

/** What is the same in every life. */
function fixedServices(options: OrchestraOptions, world: FakeWorld, drivers: ReadonlyMap<AgentType, Driver>) {
	return {
		workflowDir: join(world.directory, 'workflows'),
		version: '1.2.3',
		epoch: 'life-one',
		instanceToken: (agent: string) => `token-of-${agent}`,
		localAgent: {slots: 2, idleMs: 0},
		ownAgentTimeoutMs: 60_000,
		supportedTypes: new Set(drivers.keys()),
		probe: options.probe ?? (async () => undefined),
		refusalsOf,
		imageRefusalsOf: (mould: AgentSpec) => (drivers.has(mould.type) && mould.type !== 'local' ? refusalsOf(mould) : undefined),
		lastOutput: options.lastOutput ?? (async () => undefined),
		newRunId: createRunIds(options.clock?.now ?? systemClock.now),
		...(options.token !== undefined && {token: options.token}),
	};
}

function refusalsOf({env}: AgentSpec): readonly string[] {
	return env.REFUSED === undefined ? [] : [env.REFUSED];
}

function contactSettings({reach}: OrchestraOptions, {leaseMs, silentMs}: ExchangeSettings, {health_checks: healthChecks}: Limits) {
	return {leaseMs, silentMs, healthChecks, ...(reach && {reach})};
}

/** What is waited for before something is tried again is a hundred times shorter. */
function hurried(clock: Clock): Clock {
	return {...clock, after: (ms, task) => clock.after(ms / 100, task)};
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

function endOf(engine: Engine, run: string): Promise<void> {
	if (engine.state.runs.get(run) === undefined) return Promise.resolve();
	return new Promise(resolve => {
		const stop = engine.subscribe(({after}) => {
			if (after.runs.get(run) !== undefined) return;
			stop();
			resolve();
		});
	});
}
