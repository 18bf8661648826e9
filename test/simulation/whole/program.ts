import {Contacts} from '../../../source/agents/contacts.ts';
import type {ExchangeSettings} from '../../../source/agents/exchange.ts';
import {Exchanges} from '../../../source/agents/exchange.ts';
import {isHeldInstance} from '../../../source/agents/image-agents.ts';
import type {Driver} from '../../../source/drivers/driver.ts';
import {Engine} from '../../../source/engine/engine.ts';
import {History} from '../../../source/engine/history.ts';
import {Performer} from '../../../source/engine/perform.ts';
import {Retention} from '../../../source/engine/retention.ts';
import {TaskLogs} from '../../../source/engine/task-logs.ts';
import {Views} from '../../../source/engine/views.ts';
import type {ByoaiError} from '../../../source/model/error.ts';
import type {Limits} from '../../../source/model/limits.ts';
import {defaultLimits} from '../../../source/model/limits.ts';
import type {AgentType} from '../../../source/model/workflow.ts';
import {poolOfInstance} from '../../../source/scheduler/state.ts';
import type {Server} from '../../../source/server/server.ts';
import {createServer} from '../../../source/server/server.ts';
import type {FileLayer} from '../../../source/store/file-layer.ts';
import {openLogFiles} from '../../../source/store/log-files.ts';
import type {LogStore} from '../../../source/store/logs.ts';
import type {Store} from '../../../source/store/store.ts';
import type {AgentProcess} from '../agent.ts';
import type {Life} from '../life.ts';
import {imageAgentsOf} from '../orchestrator.ts';
import {simulatedCalls} from '../push.ts';
import type {World} from '../world.ts';
import type {WholeFaults} from './faults.ts';
import {logsDirectory} from './virtual-files.ts';

export type ProgramParts = {
	readonly world: World;
	readonly faults: WholeFaults;
	readonly life: Life;
	readonly store: Store;
	readonly files: FileLayer;
	readonly drivers: ReadonlyMap<AgentType, Driver>;
	readonly agent: (name: string) => AgentProcess | undefined;
	/** Which start of it this is. */
	readonly epoch: string;
	readonly newRunId: () => string;
	readonly warn: (message: string) => void;
	readonly onFatal: (error: ByoaiError) => void;
};

/** The orchestrator's program, as its composition root puts it together. */
export type Program = {
	readonly engine: Engine;
	readonly server: Server;
	readonly views: Views;
	/** Has everything begin. */
	start(): void;
	/** Ends its parts in order, and resolves once the logs are closed. */
	end(): Promise<void>;
};

type Core = {
	readonly engine: Engine;
	readonly exchanges: Exchanges;
	readonly contacts: Contacts;
	readonly performer: Performer;
	readonly imageAgents: Driver | undefined;
	readonly logs: TaskLogs;
	readonly logFiles: LogStore;
	readonly limits: Limits;
	readonly retention: Retention | undefined;
};

const refreshMs = 2000;

/** Opens it; nothing happens yet. */
export function openProgram(parts: ProgramParts): Program {
	const core = openCore(parts);
	const {engine, exchanges, contacts, performer, imageAgents, retention, logFiles} = core;
	const {life} = parts;
	const views = new Views(
		engine,
		name => exchanges.isHeard(name),
		name => contacts.vitals(name),
	);
	const refresh = () => {
		views.refresh();
		life.later(refreshMs, refresh);
	};
	return {
		engine,
		views,
		server: serverOver(parts, core, views),
		start() {
			exchanges.start();
			engine.start();
			contacts.start();
			retention?.start();
			const isKnown = (instance: string) => poolOfInstance(engine.state, instance) !== undefined || isHeldInstance(engine.state, instance);
			void performer.sweep(isKnown, new Set(['docker', 'kubernetes']));
			life.later(refreshMs, refresh);
		},
		async end() {
			contacts.close();
			exchanges.close();
			engine.close();
			views.close();
			await retention?.close();
			performer.close();
			await imageAgents?.close();
			return logFiles.close();
		},
	};
}

/** What decides, remembers and performs. */
function openCore({world: {random}, world, faults, life, store, files, drivers, agent, warn, onFatal}: ProgramParts): Core {
	const {clock} = life;
	const limits = {
		...defaultLimits,
		batch_events: random.pick([3, 1000]),
		snapshot_events: random.pick([20, 100_000]),
		event_rows: faults.eventRows,
		attempt_log_bytes: faults.attemptBytes,
	};
	const engine: Engine = new Engine({store, clock, limits, onFatal, perform: command => life.alive && performer.perform(command)});
	engine.restore();
	// Few files are open at once in some lives, so that they are closed and opened again.
	const logFiles = openLogFiles(logsDirectory, {
		attemptBytes: limits.attempt_log_bytes,
		openAttempts: random.pick([1, 256]),
		layer: files,
	});
	const logs = new TaskLogs(logFiles);
	const settings: ExchangeSettings = {
		leaseMs: random.pick([6000, 10_000, 20_000, 40_000]),
		instanceLeaseMs: random.pick([20_000, 86_400_000]),
		silentMs: 5000,
		graceMs: 1500,
		holdMs: 2500,
	};
	const exchanges = new Exchanges({engine, logs, clock, settings});
	const {leaseMs, silentMs} = settings;
	const calls = simulatedCalls({world, life, agent});
	const contacts = new Contacts({engine, exchanges, clock, calls, leaseMs, silentMs, healthChecks: 2, random: () => random.unit(), warn});
	const imageAgents = world.images && imageAgentsOf({world, life, warn}, {engine, exchanges, logs, drivers});
	const performer = new Performer({
		drivers,
		...(imageAgents && {imageAgents}),
		clock,
		warn: () => undefined,
		offer: event => engine.offer(event),
		sendOrders: session => exchanges.sendOrders(session),
	});
	const retention = faults.retention && new Retention({engine, store, logs: logFiles, clock, limits: faults.retention, warn});
	return {engine, exchanges, contacts, performer, imageAgents, logs, logFiles, limits, retention};
}

function serverOver({world: {random, images}, life, store, epoch, newRunId, warn}: ProgramParts, core: Core, views: Views): Server {
	const {engine, exchanges, logs, limits} = core;
	return createServer({
		engine,
		exchanges,
		views,
		history: new History(engine, store, (session, ref) => exchanges.holds(session, ref)),
		logs,
		clock: life.clock,
		limits,
		warn,
		epoch,
		version: '1.2.3',
		workflowDir: '/nonexistent',
		instanceToken,
		localAgent: {slots: 1 + random.below(3), idleMs: random.pick([0, 4000])},
		ownAgentTimeoutMs: 60_000,
		supportedTypes: new Set<AgentType>(images === undefined ? ['local', 'docker'] : ['local', 'docker', 'kubernetes']),
		probe: () => Promise.resolve(),
		refusalsOf: () => [],
		imageRefusalsOf: () => (images === undefined ? undefined : []),
		imageSlots: images === undefined ? {} : {docker: images.slots, kubernetes: images.slots},
		newRunId,
		lastOutput: async () => undefined,
	});
}

/** What the agent of an instance is told. */
export function instanceToken(agent: string): string {
	return `token-of-${agent}`;
}
