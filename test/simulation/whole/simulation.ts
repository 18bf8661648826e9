import assert from 'node:assert/strict';
import type {Event} from '../../../source/model/event.ts';
import type {AttemptRef} from '../../../source/model/ids.ts';
import type {AgentProcess} from '../agent.ts';
import {Audit} from '../audit.ts';
import {Course, happeningsLimit, havocMs} from '../course.ts';
import {Crew} from '../crew.ts';
import {DriverHost} from '../driver.ts';
import {Havoc} from '../havoc.ts';
import {Images} from '../images/images.ts';
import {Keeper} from '../keeper.ts';
import type {OrchestratorHost} from '../orchestrator.ts';
import type {Lived} from '../simulation.ts';
import {World} from '../world.ts';
import {Database} from './database.ts';
import {chooseWholeFaults} from './faults.ts';
import {WholeHavoc} from './havoc.ts';
import {WholeHost} from './host.ts';
import {KeptRuns} from './kept-runs.ts';
import {LogReader} from './log-reader.ts';
import {requestsOver} from './requests.ts';
import {WholeSubmitter} from './submitter.ts';
import {VirtualDisk} from './virtual-files.ts';
import {Watcher} from './watcher.ts';
import {wireFetch} from './wire.ts';

/** So often it is looked whether all has come to its end. */
const lookMs = 500;
/** For a start, and all that is to be removed after it. */
const removalMs = 120_000;
/** How often the output of an attempt is followed as it comes. */
const followChance = 0.3;

/** One seed: the product whole, but for sockets and processes, its agents and its clients, their faults, and the audit of all that happens. */
export class WholeSimulation {
	readonly #world: World;
	readonly #audit: Audit;
	readonly #database = new Database();
	readonly #driver: DriverHost;
	readonly #host: WholeHost;
	readonly #kept: KeptRuns;
	readonly #crew: Crew;
	readonly #submitter: WholeSubmitter;
	readonly #course: Course;
	readonly #watcher: Watcher;
	readonly #logs: LogReader;
	/** Journal entries that were looked at here. */
	#seen = 0;
	/** Bytes of output of each attempt whose outcome was taken. */
	readonly #finished: Array<{readonly ref: AttemptRef; readonly bytes: number}> = [];

	constructor(seed: number, say?: (line: string) => void) {
		const disk = new VirtualDisk();
		const world = new World(seed, say, disk);
		const faults = chooseWholeFaults(world.random, {hasRetention: world.images !== undefined});
		const kept = new KeptRuns(world, disk, faults);
		const isRemoved = (run: string) => kept.isRemoved(run);
		const audit = new Audit(world);
		const requests = requestsOver({world, faults, audit, host: () => this.#host});
		const agentParts = {world, audit, requests};
		const driver = new DriverHost(agentParts);
		const images = world.images && new Images(world, audit, world.images);
		const hostParts = {world, faults, audit, disk, database: this.#database, kept, driver, images};
		const host: WholeHost = new WholeHost({...hostParts, agent: name => this.#agent(name)});
		const offer: OrchestratorHost['offer'] = (event, reply = () => undefined) => requests.offer(event, reply);
		const offering = {offer, crash: () => host.crash(), pause: (ms: number) => host.pause(ms)};
		const fetchAs = (client: string) => wireFetch({world, faults, host: () => host}, client);
		this.#world = world;
		this.#audit = audit;
		this.#driver = driver;
		this.#host = host;
		this.#kept = kept;
		const crew = new Crew(agentParts);
		this.#crew = crew;
		this.#submitter = new WholeSubmitter({
			world,
			audit,
			fetch: fetchAs('submitter'),
			agents: crew.names,
			withinMs: havocMs * 0.75,
			isRemoved,
		});
		const keeper = new Keeper(world, offering);
		this.#watcher = new Watcher({world, audit, host, fetch: fetchAs('watcher')});
		this.#logs = new LogReader({world, audit, fetch: fetchAs('reader'), attemptBytes: faults.attemptBytes, kept});
		const clients = ['submitter', 'watcher', 'reader'] as const;
		const havoc = [
			new Havoc({world, audit, driver, orchestrator: offering, keeper, crew}),
			new WholeHavoc({world, faults, host, crew, watcher: this.#watcher, clients: [...clients]}),
			...(images ? [images] : []),
		];
		images?.wreak(ms => host.setClock(ms));
		const alsoLeft = () => {
			if (images?.names[0] !== undefined) return `instance ${images.names[0]} was left behind`;
			if (!this.#logs.isDone) return 'a log is still being followed';
			return this.#watcher.isInStep ? '' : 'the watcher is not in step';
		};
		const submitter = this.#submitter;
		this.#course = new Course({world, audit, driver, crew, keeper, submitter, havoc, state: () => host.state, alsoLeft});
	}

	/** Lives to the end, and rejects with what the audit finds. */
	async run(): Promise<Lived> {
		try {
			const happenings = await this.#live();
			await this.#finish();
			return {happenings, journaled: this.#world.disk.journal.length, attempts: this.#audit.attempts};
		} finally {
			this.#watcher.close();
			this.#logs.close();
			this.#database.remove();
		}
	}

	async #live(): Promise<number> {
		const world = this.#world;
		let lookAt = 0;
		for (let happenings = 0; ; happenings++) {
			if (world.now >= lookAt) {
				if (this.#course.isOver) return happenings;
				lookAt = world.now + lookMs;
			}
			await this.#happen();
			this.#course.goOn(happenings);
		}
	}

	async #happen(): Promise<void> {
		const world = this.#world;
		world.timeline.advance();
		if (world.promisesWait) {
			world.promisesWait = false;
			await new Promise(resolve => setImmediate(resolve));
		}
		const {journal} = world.disk;
		for (let entry = journal[this.#seen]; entry !== undefined; entry = journal[++this.#seen]) this.#look(entry.event);
		this.#audit.throwFailure();
	}

	#look(event: Event): void {
		if (event.type === 'attempt-finished') this.#finished.push({ref: event.ref, bytes: event.logBytes});
		if (event.type === 'attempt-assigned' && this.#world.random.chance(followChance)) this.#logs.follow(event.ref);
	}

	#agent(name: string): AgentProcess | undefined {
		return this.#crew.agent(name) ?? this.#driver.agent(name);
	}

	/** What everybody can see in the end is what has happened. */
	async #finish(): Promise<void> {
		this.#audit.finish(this.#host.state);
		this.#watcher.compare();
		if (!this.#world.healed) this.#course.heal();
		await this.#removeOld();
		const reading = Promise.all(this.#finished.map(({ref, bytes}) => this.#logs.expectWhole(ref, bytes)));
		const looking = Promise.all(this.#submitter.runs.map(run => this.#expectShown(run)));
		let isRead = false;
		let failure: unknown;
		Promise.all([reading, looking]).then(
			() => {
				isRead = true;
			},
			(error: unknown) => {
				failure = error;
			},
		);
		for (let happenings = 0; !isRead; happenings++) {
			await this.#happen();
			if (failure !== undefined) throw failure;
			if (happenings > happeningsLimit) throw new Error('logs and runs cannot be read in the end');
		}
		this.#expectOneRunEach();
		this.#audit.throwFailure();
	}

	/** What is too much or too old is gone soon after a start. */
	async #removeOld(): Promise<void> {
		const {now} = this.#world;
		if (this.#kept.left(now) === '') return;
		this.#host.restart();
		while (this.#kept.left(now) !== '' || this.#host.state === undefined) {
			if (this.#world.now > now + removalMs) throw new Error(`after a start ${this.#kept.left(now)}`);
			await this.#happen();
		}
	}

	/** A run as the API tells it, from the history, and as a client has seen it come about. */
	async #expectShown(run: string): Promise<void> {
		const wasRemoved = this.#kept.isRemoved(run);
		const reply = await new Promise<Response>((resolve, reject) => {
			const request = new Request(`http://127.0.0.1:5001/v1/runs/${run}`);
			this.#host.request(request, {reply: resolve, broke: () => reject(new Error(`run ${run} cannot be asked for`))});
		});
		if (wasRemoved) assert.equal(reply.status, 404, `run ${run} was removed, and is shown`);
		if (reply.status === 404) return assert(this.#kept.isRemoved(run), `run ${run} was not removed, and is not shown`);
		const detail = (await reply.json()) as {status: string; tasks: Array<{status: string; attempts: unknown[]}>};
		const recorded = this.#world.disk.endedRuns.get(run);
		assert(recorded, `run ${run} is shown, and never ended`);
		assert.equal(detail.status, recorded.status, `status of run ${run} as it is shown`);
		const statuses = detail.tasks.map(({status}) => status);
		assert.deepEqual(
			statuses,
			[...recorded.tasks].map(({status}) => status),
			`tasks of run ${run} as they are shown`,
		);
		const watched = this.#watcher.tasksOf(run);
		if (watched.length > 0) assert.deepEqual(watched, statuses, `tasks of run ${run} as the watcher has seen them`);
	}

	#expectOneRunEach(): void {
		const begun = this.#world.disk.journal.flatMap(({event}) => (event.type === 'run-submitted' ? [event] : []));
		const requests = new Set(begun.map(({requestKey}) => requestKey));
		const again = begun.filter(({run}) => this.#kept.isRemoved(run)).length;
		assert(requests.size >= begun.length - again, 'a request began two runs');
		const known = new Set(begun.map(({run}) => run));
		for (const run of this.#submitter.runs) assert(known.has(run), `run ${run} was told, and is not in the journal`);
	}
}
