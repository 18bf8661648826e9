import {randomBytes, randomUUID} from 'node:crypto';
import {createCalls} from './agents/calls.ts';
import {Contacts} from './agents/contacts.ts';
import {Exchanges} from './agents/exchange.ts';
import {createImageAgents, isHeldInstance} from './agents/image-agents.ts';
import type {Config} from './config.ts';
import {createDriverSet} from './driver-set.ts';
import {systemClock} from './engine/clock.ts';
import {Engine} from './engine/engine.ts';
import {History} from './engine/history.ts';
import {Performer} from './engine/perform.ts';
import {Retention} from './engine/retention.ts';
import {startVitals} from './engine/rows.ts';
import {createRunIds} from './engine/run-ids.ts';
import {TaskLogs} from './engine/task-logs.ts';
import {UsageMeter} from './engine/usage.ts';
import {Views} from './engine/views.ts';
import type {ByoaiError} from './model/error.ts';
import type {AgentType} from './model/workflow.ts';
import {isSettled} from './scheduler/pools.ts';
import {poolOfInstance} from './scheduler/state.ts';
import {listenSomewhere} from './server/any-port.ts';
import type {Certificate} from './server/certificate.ts';
import {fingerprintOf, readCertificateFiles, selfSigned} from './server/certificate.ts';
import {createServer} from './server/server.ts';
import {openLogFiles} from './store/log-files.ts';
import {openStore} from './store/sqlite.ts';
import type {StateDirectory} from './store/state-directory.ts';
import {openStateDirectory} from './store/state-directory.ts';
import {deriveToken} from './store/tokens.ts';
import {version} from './version.ts';

export type OrchestratorOptions = {
	readonly config: Config;
	/**
	 * `once`: lives for one run. Any free port when the default one is taken; `local-agent` ends as soon as nobody needs it.
	 * `manager`: stays. `reader`: answers from what is there; starts, resumes and listens to nothing.
	 */
	readonly mode: 'once' | 'manager' | 'reader';
	/** argv that starts the agent program. */
	readonly agentProgram: readonly string[];
	/** Diagnostics that nobody waits for. */
	readonly warn: (message: string) => void;
};

export type Orchestrator = {
	/** Where it listens; a `reader` listens nowhere. */
	readonly url: string;
	/** SHA-256 of the certificate that it shows, where it is one of its own. */
	readonly fingerprint?: string;
	/** The server's own `fetch`, without a socket: what a client in this process uses. */
	readonly fetch: (request: Request) => Promise<Response>;
	/** Ids of runs that an earlier life left unfinished. */
	readonly unfinished: readonly string[];
	/** Resolves once no instance is left that nobody needs any more. */
	settled(): Promise<void>;
	/** Resolves when the journal cannot be written: the process must end. */
	readonly fatal: Promise<ByoaiError>;
	/** Stops listening. Runs stay in the journal, instances alive; the next start finds both. */
	close(): Promise<void>;
};

const localAgentIdleMs = {once: 0, manager: 30_000, reader: 0};
const agentsRefreshMs = 2000;
/** An image agent, which is this process itself, says so often that it is there. */
const imageBeatMs = 5000;

/**
 * The composition root: opens every part in order, and closes them in the reverse one.
 * Rejects with `ByoaiError`: `conflict` when another orchestrator has the state directory, `unavailable` when that directory or
 * the port cannot be used.
 */
export async function openOrchestrator(options: OrchestratorOptions): Promise<Orchestrator> {
	const directory = openStateDirectory(options.config.stateDir, version);
	const opened: Array<() => unknown> = [() => directory.close()];
	const closeAll = async () => {
		const failures: unknown[] = [];
		for (const close of opened.splice(0).reverse()) {
			// What fails to close must not keep the others open.
			await Promise.try(close).catch((error: unknown) => failures.push(error));
		}
		if (failures.length > 0) throw failures[0];
	};
	try {
		return await compose(options, directory, opened, closeAll);
	} catch (error) {
		await closeAll();
		throw error;
	}
}

async function compose(
	options: OrchestratorOptions,
	directory: StateDirectory,
	opened: Array<() => unknown>,
	closeAll: () => Promise<void>,
): Promise<Orchestrator> {
	const {config, mode, warn} = options;
	const core = openCore(options, directory, opened);
	const {engine, exchanges, contacts, driverSet, usage} = core;
	const views = new Views(
		engine,
		agent => exchanges.isHeard(agent),
		agent => startVitals(driverSet.progress(agent)) ?? contacts.vitals(agent),
		agent => usage.of(agent),
		driverSet.progress,
	);
	opened.push(() => views.close());
	const epoch = randomUUID();
	const life = {clock: systemClock, version, warn, epoch};
	const server = createServer({
		...core,
		...life,
		views,
		instanceToken: agent => deriveToken(directory.key, 'agent', agent),
		workflowDir: config.workflowDir,
		limits: config.limits,
		localAgent: {slots: config.localSlots, idleMs: localAgentIdleMs[mode]},
		newRunId: createRunIds(systemClock.now),
		lastOutput: agent => lastOutputOf(core, agent),
		ownAgentTimeoutMs: config.intervals.agentTimeoutMs,
		...(config.token !== undefined && {token: config.token}),
		...(mode === 'once' && {agentTimeoutMs: config.intervals.agentTimeoutMs}),
	});
	const unfinished = [...engine.state.runs.keys()];
	opened.push(() => {
		const trouble = engine.close();
		if (trouble !== undefined) warn(`no snapshot was written, the next start reads the journal instead: ${trouble.message}`);
	});
	const certificate = mode === 'reader' ? undefined : await certificateOf(config, directory);
	let url = '';
	if (mode !== 'reader') {
		const {host, port, portIsExplicit} = config;
		// A manager, or who asks for a port, gets that port or an error; one run is content with any.
		const listening = await listenSomewhere(server, {host, port, isAnyFine: mode === 'once' && !portIsExplicit, certificate});
		opened.push(() => listening.close());
		({url} = listening);
	}
	if (mode !== 'reader') {
		// Who may read the file trusts the certificate in it, whoever signed it.
		const {cert} = certificate ?? {};
		directory.writeEndpoint({url, epoch, pid: process.pid, version, ...(cert !== undefined && {certificate: cert})});
		opened.push(() => directory.removeEndpoint());
		exchanges.start();
		opened.push(() => exchanges.close());
		opened.push(() => contacts.close());
		opened.push(repeat(() => views.refresh(), agentsRefreshMs));
		engine.start();
		contacts.start();
		core.retention.start();
		// A driver that no agent of this state has is not asked for what it might have left: nobody need have it.
		const used = new Set<AgentType>(['local', ...Object.values(engine.state.pools).map(({spec}) => spec.type)]);
		const isKnown = (instance: string) => poolOfInstance(engine.state, instance) !== undefined || isHeldInstance(engine.state, instance);
		void core.performer.sweep(isKnown, used);
	}
	const fingerprint = certificate !== undefined && config.https?.cert === undefined ? fingerprintOf(certificate) : undefined;
	return {
		url,
		...(fingerprint !== undefined && {fingerprint}),
		fetch: server.fetch,
		unfinished,
		fatal: core.fatal,
		settled: () => settled(engine, mode),
		close: closeAll,
	};
}

/** What decides, remembers and performs; nothing happens yet. */
function openCore(options: OrchestratorOptions, directory: StateDirectory, opened: Array<() => unknown>) {
	const {config, warn} = options;
	const clock = systemClock;
	const store = openStore(directory.database);
	opened.push(() => store.close());
	const logFiles = openLogFiles(directory.logs, {attemptBytes: config.limits.attempt_log_bytes});
	opened.push(() => logFiles.close());
	const logs = new TaskLogs(logFiles, {warn, monotonic: clock.monotonic});
	const {promise: fatal, resolve: onFatal} = Promise.withResolvers<ByoaiError>();
	const engine: Engine = new Engine({store, clock, limits: config.limits, onFatal, perform: command => performer.perform(command)});
	engine.restore();
	const exchanges = new Exchanges({engine, logs, clock, settings: config.intervals});
	const calls = createCalls({orchestrator: directory.id, limits: config.limits, ...(config.token !== undefined && {token: config.token})});
	opened.push(() => calls.close());
	const {leaseMs, silentMs} = config.intervals;
	const driverSet = createDriverSet({...options, directory});
	const {drivers, reach} = driverSet;
	opened.push(() => driverSet.close());
	const {health_checks: healthChecks} = config.limits;
	const contacts = new Contacts({engine, exchanges, calls, clock, warn, leaseMs, silentMs, healthChecks, reach});
	const imageSlots = {docker: config.limits.task_containers, kubernetes: config.limits.task_pods};
	const beatMs = Math.min(imageBeatMs, silentMs / 3);
	const newSession = () => `images-${randomBytes(12).toString('hex')}`;
	const imageAgents = createImageAgents({engine, exchanges, logs, clock, warn, drivers, slots: imageSlots, beatMs, newSession});
	opened.push(() => imageAgents.close());
	const usage = new UsageMeter({clock, streams: config.limits.usage_streams});
	const performer = new Performer({
		drivers,
		imageAgents,
		clock,
		warn,
		onRunning: (driver, instance, handle, signal) => usage.follow(driver, instance, handle, signal),
		offer: event => engine.offer(event),
		sendOrders: session => exchanges.sendOrders(session),
	});
	opened.push(() => performer.close());
	const history = new History(engine, store, (session, ref) => exchanges.holds(session, ref), driverSet.progress, clock.now);
	const retention = new Retention({engine, store, logs: logFiles, clock, limits: config.limits, warn});
	opened.push(() => retention.close());
	const supportedTypes = new Set(drivers.keys());
	const parts = {engine, exchanges, contacts, performer, usage, retention, history, logs, fatal, driverSet};
	return {...driverSet, ...parts, supportedTypes, imageSlots};
}

async function lastOutputOf({engine, driverSet}: ReturnType<typeof openCore>, agent: string): Promise<string | undefined> {
	const pool = poolOfInstance(engine.state, agent);
	const instance = pool?.instances.find(({name}) => name === agent);
	return pool && instance && driverSet.lastOutput(pool.spec.type, instance);
}

async function certificateOf({https, host}: Config, directory: StateDirectory): Promise<Certificate | undefined> {
	if (https === undefined) return undefined;
	const {cert, key} = https;
	return cert === undefined || key === undefined ? selfSigned(directory, host, systemClock.now()) : readCertificateFiles(cert, key);
}

function settled(engine: Engine, mode: OrchestratorOptions['mode']): Promise<void> {
	if (isSettled(engine.state, mode === 'manager')) return Promise.resolve();
	return new Promise(resolve => {
		const stop = engine.subscribe(({after}) => {
			if (!isSettled(after, mode === 'manager')) return;
			stop();
			resolve();
		});
	});
}

function repeat(task: () => void, ms: number): () => void {
	const timer = setInterval(task, ms);
	timer.unref();
	return () => clearInterval(timer);
}
