import {Contacts} from '../../source/agents/contacts.ts';
import {Exchanges} from '../../source/agents/exchange.ts';
import type {ImageAgentsOptions} from '../../source/agents/image-agents.ts';
import {createImageAgents} from '../../source/agents/image-agents.ts';
import type {Driver} from '../../source/drivers/driver.ts';
import {Engine} from '../../source/engine/engine.ts';
import {Performer} from '../../source/engine/perform.ts';
import {TaskLogs} from '../../source/engine/task-logs.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {Event, RunSubmitted} from '../../source/model/event.ts';
import {attemptKey} from '../../source/model/ids.ts';
import type {Orders, Report} from '../../source/protocol/messages.ts';
import type {State} from '../../source/scheduler/state.ts';
import type {AgentProcess} from './agent.ts';
import type {Audit} from './audit.ts';
import type {BasicAgent} from './basic/agent.ts';
import {callsWithBasic} from './basic/calls.ts';
import type {DriverHost} from './driver.ts';
import type {Images} from './images/images.ts';
import {Life} from './life.ts';
import {journalOf, logsOf} from './ports.ts';
import {simulatedCalls} from './push.ts';
import type {World} from './world.ts';

const imageBeatMs = 1600;

/** What a request comes back with. */
export type Reply<Result> = (result: Result | ByoaiError) => void;

export type OrchestratorParts = {
	readonly world: World;
	readonly audit: Audit;
	readonly driver: DriverHost;
	/** Present: there are tasks with an image. */
	readonly images?: Images | undefined;
	readonly agent: (name: string) => AgentProcess | undefined;
	/** Basic agents, by name. */
	readonly basic: ReadonlyMap<string, BasicAgent>;
};

type Process = {
	readonly life: Life;
	readonly engine: Engine;
	readonly exchanges: Exchanges;
	/** Runs that are on their way into the journal. */
	readonly submitting: Set<string>;
};

/** The orchestrator's machine: boots the product's own engine and exchange on simulated ports, and kills them. */
export class OrchestratorHost {
	readonly #parts: OrchestratorParts;
	readonly #world: World;
	#process: Process | undefined;

	constructor(parts: OrchestratorParts) {
		this.#parts = parts;
		this.#world = parts.world;
		this.boot();
	}

	/** Undefined while it is down. */
	get state(): State | undefined {
		return this.#process?.engine.state;
	}

	/** The same order as in the composition root. */
	boot(): void {
		const {world, audit, driver, images, agent, basic} = this.#parts;
		const life = new Life(world);
		const {clock} = life;
		const engine: Engine = new Engine({
			store: journalOf(world, audit, life, () => this.crash()),
			clock,
			limits: {batch_events: world.random.pick([3, 1000]), snapshot_events: world.random.pick([20, 100_000])},
			perform: command => life.alive && performer.perform(command),
			onFatal: error => life.alive && audit.fail(`the engine broke: ${error.message} ${String(error.cause)}`),
		});
		engine.restore();
		audit.restored(engine.state);
		const settings = {
			// Another setting in each life: a session keeps the lease that it opened with.
			leaseMs: world.random.pick([6000, 10_000, 20_000, 40_000]),
			instanceLeaseMs: world.random.pick([20_000, 86_400_000]),
			silentMs: 5000,
			graceMs: 1500,
			holdMs: 2500,
		};
		const logs = new TaskLogs(logsOf(world, life));
		const exchanges = new Exchanges({engine, logs, clock, settings});
		const contacts = new Contacts({
			engine,
			exchanges,
			clock,
			calls: callsWithBasic(simulatedCalls({world, life, agent}), {world, life}, basic),
			newSession: () => world.newId('basic-'),
			leaseMs: settings.leaseMs,
			silentMs: settings.silentMs,
			healthChecks: 2,
			random: () => world.random.unit(),
			warn: message => life.alive && audit.fail(message),
		});
		const drivers = images?.portsOf(life, driver.portsOf(life)) ?? driver.portsOf(life);
		const performer = new Performer({
			drivers,
			...(images && {imageAgents: imageAgentsOf({world, life, warn: problem => audit.fail(problem)}, {engine, exchanges, logs, drivers})}),
			clock,
			warn: () => undefined,
			offer: event => engine.offer(event),
			sendOrders: session => exchanges.sendOrders(session),
		});
		this.#process = {life, engine, exchanges, submitting: new Set()};
		life.run(() => {
			exchanges.start();
			engine.start();
			contacts.start();
		});
		world.trace(() => 'orchestrator starts');
	}

	/** kill -9 and loss of power in one. */
	crash(): void {
		if (this.#process === undefined) return;
		this.#process.life.alive = false;
		this.#process = undefined;
		const {disk, random} = this.#world;
		disk.losePower(random);
		this.#parts.driver.forgetStarts();
		this.#parts.images?.forgetStarts();
		this.#world.trace(() => 'orchestrator crashes');
		this.#world.at(random.chance(0.7) ? random.below(3000) : random.below(20_000), () => this.boot());
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

	/** A Report has arrived. No reply: nobody listens, or the process dies before it answers. */
	exchange(agent: string, report: Report, reply: Reply<Orders>): void {
		this.#request(
			({exchanges}) => {
				this.#world.trace(
					() => `orchestrator takes Report ${report.number} of ${report.session}, held: ${report.held.map(attemptKey).join(' ')}`,
				);
				return exchanges.exchange(agent, report);
			},
			orders => {
				if (!(orders instanceof ByoaiError)) this.#parts.audit.answered(orders);
				reply(orders);
			},
		);
	}

	/** A request that offers an event has arrived; `event` is asked when it is served. */
	offer(event: (at: number) => Event, reply: Reply<undefined> = () => undefined): void {
		this.#request(async ({engine, life}) => {
			await engine.submit(event(life.clock.now()));
			return undefined;
		}, reply);
	}

	/** A request to run a workflow has arrived; a run that is there already is not submitted again. */
	submit(submission: Omit<RunSubmitted, 'at'>, reply: Reply<undefined>): void {
		this.#request(async ({engine, life, submitting}) => {
			const {run} = submission;
			// Of a run that ends as it begins the engine knows nothing when it is asked for again in the same batch; the API has the request's key for that.
			if (submitting.has(run)) throw new ByoaiError('conflict', `run ${run} is being submitted`);
			if (this.#parts.audit.hasRun(run)) return undefined;
			submitting.add(run);
			await engine.submit({...submission, at: life.clock.now()}).finally(() => submitting.delete(run));
			return undefined;
		}, reply);
	}

	#request<Result>(serve: (process: Process) => Promise<Result>, reply: Reply<Result>): void {
		const process = this.#process;
		process?.life.run(() => {
			serve(process).then(
				result => process.life.alive && reply(result),
				(error: unknown) => {
					if (!process.life.alive) return;
					if (error instanceof ByoaiError) reply(error);
					else this.#parts.audit.fail(`a request broke: ${error instanceof Error ? error.stack : String(error)}`);
				},
			);
		});
	}
}

/** The agents inside this life that run tasks with an image. */
export function imageAgentsOf(
	{world, life, warn}: {world: World; life: Life; warn: (message: string) => void},
	parts: Pick<ImageAgentsOptions, 'engine' | 'exchanges' | 'logs' | 'drivers'>,
): Driver {
	const {slots = 1} = world.images ?? {};
	return createImageAgents({
		...parts,
		clock: life.clock,
		slots: {docker: slots, kubernetes: slots},
		beatMs: imageBeatMs,
		newSession: () => world.newId('images-'),
		// That something is tried again is no news in such a world.
		warn: message => life.alive && / broke: /.test(message) && warn(message),
	});
}
