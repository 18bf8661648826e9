import type {Driver} from '../../../source/drivers/driver.ts';
import {ByoaiError} from '../../../source/model/error.ts';
import type {AgentType} from '../../../source/model/workflow.ts';
import type {Snapshot} from '../../../source/protocol/views.ts';
import type {State} from '../../../source/scheduler/state.ts';
import type {AgentProcess} from '../agent.ts';
import type {Audit} from '../audit.ts';
import type {DriverHost} from '../driver.ts';
import type {Images} from '../images/images.ts';
import {Life} from '../life.ts';
import type {World} from '../world.ts';
import type {Database} from './database.ts';
import type {WholeFaults} from './faults.ts';
import {faultyJournal} from './journal.ts';
import type {KeptRuns} from './kept-runs.ts';
import type {Program} from './program.ts';
import {openProgram} from './program.ts';
import type {VirtualDisk} from './virtual-files.ts';

export type WholeHostParts = {
	readonly world: World;
	readonly faults: WholeFaults;
	readonly audit: Audit;
	readonly disk: VirtualDisk;
	readonly database: Database;
	readonly kept: KeptRuns;
	readonly driver: DriverHost;
	/** Present: there are tasks with an image. */
	readonly images?: Images | undefined;
	readonly agent: (name: string) => AgentProcess | undefined;
};

/** Whoever has a connection to the orchestrator's process. */
export type Caller = {
	readonly reply: (response: Response) => void;
	/** Nobody listens there, or the process has died. */
	readonly broke: () => void;
};

type Process = {readonly life: Life; readonly program: Program; readonly epoch: string; readonly callers: Set<Caller>};

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
		return this.#process?.program.engine.state;
	}

	/** The views as the process has them, with the id that an event of just now has. */
	get views(): {readonly id: string; readonly snapshot: Snapshot} | undefined {
		if (this.#process === undefined) return undefined;
		const {epoch, program} = this.#process;
		const {views} = program;
		return {id: `${epoch}-${views.sequence}`, snapshot: views.snapshot()};
	}

	/** The same order as in the composition root. */
	boot(): void {
		const life = new Life(this.#world);
		try {
			this.#process = this.#open(life);
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
		const {database, disk, driver, images, faults} = this.#parts;
		process.life.alive = false;
		this.#process = undefined;
		database.crash(random, tornFrom);
		const isMachine = tornFrom !== undefined || random.chance(faults.powerLoss);
		if (isMachine) disk.losePower(random);
		driver.forgetStarts();
		images?.forgetStarts();
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
			process.program.end().then(
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
		this.#world.clockWasSet = true;
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
			process.program.server.fetch(request).then(
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
		this.#parts.images?.forgetStarts();
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

	#open(life: Life): Process {
		const {world, faults, audit, disk, kept, driver, images, agent, database} = this.#parts;
		const removed = (run: string) => {
			try {
				kept.removed(run);
			} catch (error) {
				audit.fail(error);
			}
		};
		const epoch = `life${++this.#lives}`;
		const program = openProgram({
			world,
			faults,
			life,
			agent,
			epoch,
			store: faultyJournal({world, faults, audit, life, database, removed, crash: tornFrom => this.crash(tornFrom)}),
			files: disk.layerOf(world, faults, life),
			drivers: images?.portsOf(life, this.#awayNowAndThen(driver.portsOf(life), life)) ?? this.#awayNowAndThen(driver.portsOf(life), life),
			// Instances of attempts are told by the length of their run's id.
			newRunId: () => `r${String(++this.#runs).padStart(world.images === undefined ? 6 : 11, '0')}`,
			warn: message => life.alive && this.#warned(message),
			onFatal: error => this.#die(life, error),
		});
		audit.restored(program.engine.state);
		life.run(() => program.start());
		return {life, program, epoch, callers: new Set()};
	}

	/** Streams break off where a log cannot be read, or is closed: without a socket nobody ends them before. Nothing else is to be told here. */
	#warned(message: string): void {
		const isNoNews =
			/^a reply broke off: (cannot read the log|the orchestrator is shutting down|there is no run|the output of run \w+ was removed)|^old runs could not be removed/;
		if (!isNoNews.test(message)) this.#parts.audit.fail(`a warning: ${message}`);
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
