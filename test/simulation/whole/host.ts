import {Contacts} from '../../../source/agents/contacts.ts';
import {Exchanges} from '../../../source/agents/exchange.ts';
import type {Driver} from '../../../source/drivers/driver.ts';
import {Engine} from '../../../source/engine/engine.ts';
import {History} from '../../../source/engine/history.ts';
import {Performer} from '../../../source/engine/perform.ts';
import {TaskLogs} from '../../../source/engine/task-logs.ts';
import {Views} from '../../../source/engine/views.ts';
import {ByoaiError} from '../../../source/model/error.ts';
import {defaultLimits} from '../../../source/model/limits.ts';
import type {AgentType} from '../../../source/model/workflow.ts';
import type {Snapshot} from '../../../source/protocol/views.ts';
import type {State} from '../../../source/scheduler/state.ts';
import {poolOfInstance} from '../../../source/scheduler/state.ts';
import type {Server} from '../../../source/server/server.ts';
import {createServer} from '../../../source/server/server.ts';
import {openLogFiles} from '../../../source/store/log-files.ts';
import type {LogStore} from '../../../source/store/logs.ts';
import type {AgentProcess} from '../agent.ts';
import type {Audit} from '../audit.ts';
import type {DriverHost} from '../driver.ts';
import {Life} from '../life.ts';
import {simulatedCalls} from '../push.ts';
import type {World} from '../world.ts';
import type {Database} from './database.ts';
import type {WholeFaults} from './faults.ts';
import {faultyJournal} from './journal.ts';
import type {VirtualDisk} from './virtual-files.ts';
import {logsDirectory} from './virtual-files.ts';

export type WholeHostParts = {
	readonly world: World;
	readonly faults: WholeFaults;
	readonly audit: Audit;
	readonly disk: VirtualDisk;
	readonly database: Database;
	readonly driver: DriverHost;
	readonly agent: (name: string) => AgentProcess | undefined;
};

/** Whoever has a connection to the orchestrator's process. */
export type Caller = {
	readonly reply: (response: Response) => void;
	/** Nobody listens there, or the process has died. */
	readonly broke: () => void;
};

type Process = {
	readonly life: Life;
	readonly engine: Engine;
	readonly server: Server;
	readonly views: Views;
	readonly epoch: string;
	readonly callers: Set<Caller>;
	/** Ends its parts in order, all but what waits for the disk. */
	readonly end: () => void;
	readonly logs: LogStore;
};

const refreshMs = 2000;

/** The orchestrator's machine: boots the whole product, its API without a socket, on a disk that fails and a clock of its own, and ends it in any way. */
export class WholeHost {
	readonly #parts: WholeHostParts;
	readonly #world: World;
	#process: Process | undefined;
	#lives = 0;
	#runs = 0;
	#driverAwayUntil = 0;

	constructor(parts: WholeHostParts) {
		this.#parts = parts;
		this.#world = parts.world;
		this.boot();
	}

	/** Undefined while it is down. */
	get state(): State | undefined {
		return this.#process?.engine.state;
	}

	/** The views as the process has them, with the id that an event of just now has. */
	get views(): {readonly id: string; readonly snapshot: Snapshot} | undefined {
		if (this.#process === undefined) return undefined;
		const {epoch, views} = this.#process;
		return {id: `${epoch}-${views.sequence}`, snapshot: views.snapshot()};
	}

	/** The same order as in the composition root. */
	boot(): void {
		const life = new Life(this.#world);
		try {
			this.#process = this.#compose(life);
		} catch (error) {
			// A disk that was torn in a commit, or lost what was not synced, is no damage.
			this.#parts.audit.fail(error);
			return;
		}
		this.#world.trace(() => `orchestrator starts as life ${this.#lives}`);
	}

	/** kill -9, or loss of power. `tornFrom`: it comes in the midst of a commit. */
	crash(tornFrom?: number): void {
		const process = this.#process;
		if (process === undefined) return;
		const {random} = this.#world;
		const {database, disk, driver, faults} = this.#parts;
		process.life.alive = false;
		this.#process = undefined;
		database.crash(random, tornFrom);
		const isMachine = tornFrom !== undefined || random.chance(faults.powerLoss);
		if (isMachine) disk.losePower(random);
		driver.forgetStarts();
		this.#world.trace(() => `orchestrator ${isMachine ? 'loses power' : 'crashes'}${tornFrom === undefined ? '' : ' in a commit'}`);
		for (const {broke} of process.callers) broke();
		this.#bootLater();
	}

	/** It is asked to end, ends in good order, and is started again. */
	restart(): void {
		const process = this.#process;
		if (process === undefined) return;
		this.#process = undefined;
		this.#world.trace(() => 'orchestrator is stopped');
		process.life.run(() => {
			process.end();
			process.logs.close().then(
				() => this.#ended(process),
				(error: unknown) => this.#parts.audit.fail(error),
			);
		});
	}

	pause(ms: number): void {
		this.#process?.life.pause(ms);
	}

	/** Somebody sets the wall clock. */
	setClock(byMs: number): void {
		this.#world.trace(() => `the clock of the orchestrator is set by ${byMs} ms`);
		this.#process?.life.setClock(byMs);
	}

	/** What starts the agents does not answer for so long. */
	loseDriver(ms: number): void {
		this.#driverAwayUntil = this.#world.now + ms;
	}

	/** A request has arrived. */
	request(request: Request, caller: Caller): void {
		const process = this.#process;
		if (process === undefined) return caller.broke();
		process.callers.add(caller);
		process.life.run(() => {
			process.server.fetch(request).then(
				response => process.life.alive && this.#answer(process, caller, request, response),
				(error: unknown) => this.#parts.audit.fail(error),
			);
		});
	}

	/** Does this in the process that the caller is connected to, if that still lives. */
	inProcess(caller: Caller, task: () => void): void {
		const process = this.#process;
		if (process?.callers.has(caller)) process.life.run(task);
	}

	/** The caller has hung up, or has all. */
	hangUp(caller: Caller): void {
		this.#process?.callers.delete(caller);
	}

	#answer(process: Process, caller: Caller, {method, url}: Request, response: Response): void {
		this.#world.trace(() => `${method} ${new URL(url).pathname} is answered with ${response.status}`);
		// A disk that fails, and an end in good order, are no faults of the server.
		if (response.status >= 500 && response.status !== 503) this.#parts.audit.fail(`${method} ${url} is answered with ${response.status}`);
		process.life.run(() => caller.reply(response));
	}

	#ended(process: Process): void {
		if (!process.life.alive) return;
		process.life.alive = false;
		this.#parts.database.close();
		this.#parts.driver.forgetStarts();
		for (const {broke} of process.callers) broke();
		this.#bootLater();
	}

	#bootLater(): void {
		const {random} = this.#world;
		this.#world.at(random.chance(0.7) ? random.below(3000) : random.below(20_000), () => this.boot());
	}

	/** The engine has stopped: the program ends, and is started again. */
	#die(life: Life, error: ByoaiError): void {
		if (!life.alive) return;
		this.#world.trace(() => `orchestrator ends: ${error.message}`);
		if (error.code !== 'unavailable') this.#parts.audit.fail(error.cause ?? error);
		life.later(0, () => this.crash());
	}

	#compose(life: Life): Process {
		const {world, faults, audit, disk, driver, agent, database} = this.#parts;
		const {random} = world;
		const {clock} = life;
		const epoch = `life${++this.#lives}`;
		const limits = {
			...defaultLimits,
			batch_events: random.pick([3, 1000]),
			snapshot_events: random.pick([20, 100_000]),
			event_rows: faults.eventRows,
			attempt_log_bytes: faults.attemptBytes,
		};
		const store = faultyJournal({world, faults, audit, life, database, crash: tornFrom => this.crash(tornFrom)});
		const warn = (message: string) => life.alive && this.#warned(message);
		const engine: Engine = new Engine({
			store,
			clock,
			limits,
			perform: command => life.alive && performer.perform(command),
			onFatal: error => this.#die(life, error),
		});
		engine.restore();
		audit.restored(engine.state);
		// Few files are open at once, so that they are closed and opened again.
		const logFiles = openLogFiles(logsDirectory, {
			attemptBytes: limits.attempt_log_bytes,
			openAttempts: random.pick([1, 256]),
			layer: disk.layerOf(world, faults, life),
		});
		const logs = new TaskLogs(logFiles);
		const settings = {
			leaseMs: random.pick([6000, 10_000, 20_000, 40_000]),
			instanceLeaseMs: random.pick([20_000, 86_400_000]),
			silentMs: 5000,
			graceMs: 1500,
			holdMs: 2500,
		};
		const exchanges = new Exchanges({engine, logs, clock, settings});
		const contacts = new Contacts({
			engine,
			exchanges,
			clock,
			calls: simulatedCalls({world, life, agent}),
			leaseMs: settings.leaseMs,
			silentMs: settings.silentMs,
			healthChecks: 2,
			random: () => random.unit(),
			warn,
		});
		const performer = new Performer({
			drivers: this.#awayNowAndThen(driver.portsOf(life), life),
			clock,
			warn: () => undefined,
			offer: event => engine.offer(event),
			sendOrders: session => exchanges.sendOrders(session),
		});
		const views = new Views(
			engine,
			name => exchanges.isHeard(name),
			name => contacts.vitals(name),
		);
		const server = createServer({
			engine,
			exchanges,
			views,
			history: new History(engine, store, (session, ref) => exchanges.holds(session, ref)),
			logs,
			clock,
			limits,
			warn,
			epoch,
			version: '1.2.3',
			workflowDir: '/nonexistent',
			instanceToken: instanceToken,
			localAgent: {slots: 1 + random.below(3), idleMs: random.pick([0, 4000])},
			ownAgentTimeoutMs: 60_000,
			supportedTypes: new Set<AgentType>(['local', 'docker']),
			probe: () => Promise.resolve(),
			refusalsOf: () => [],
			newRunId: () => `r${String(++this.#runs).padStart(6, '0')}`,
		});
		const end = () => {
			contacts.close();
			exchanges.close();
			engine.close();
			views.close();
			performer.close();
		};
		const refresh = () => {
			views.refreshAgents();
			life.later(refreshMs, refresh);
		};
		life.run(() => {
			exchanges.start();
			engine.start();
			contacts.start();
			void performer.sweep(instance => poolOfInstance(engine.state, instance) !== undefined, new Set(['docker']));
			life.later(refreshMs, refresh);
		});
		return {life, engine, server, views, epoch, callers: new Set(), end, logs: logFiles};
	}

	/** Streams break off where a log cannot be read; nothing else is to be told here. */
	#warned(message: string): void {
		if (!/^a reply broke off: cannot read the log/.test(message)) this.#parts.audit.fail(`a warning: ${message}`);
	}

	#awayNowAndThen(drivers: ReadonlyMap<AgentType, Driver>, life: Life): ReadonlyMap<AgentType, Driver> {
		const away = <Result>(call: () => Promise<Result>): Promise<Result> =>
			this.#driverAwayUntil > this.#world.now && !this.#world.healed
				? life.eventually(10, () => {
						throw new ByoaiError('unavailable', 'the driver is away', {retryable: true});
					})
				: call();
		return new Map(
			[...drivers].map(([type, driver]): [AgentType, Driver] => [
				type,
				{
					...driver,
					start: spec => away(() => driver.start(spec)),
					stop: instance => away(() => driver.stop(instance)),
					list: () => away(() => driver.list()),
				},
			]),
		);
	}
}

/** What the agent of an instance is told. */
export function instanceToken(agent: string): string {
	return `token-of-${agent}`;
}
