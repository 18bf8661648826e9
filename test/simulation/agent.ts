import {killWindowMs, leaseLeftMs} from '../../agent/lease.ts';
import {Session} from '../../agent/session.ts';
import type {AttemptRef} from '../../source/model/ids.ts';
import {attemptKey} from '../../source/model/ids.ts';
import type {Assignment, Orders, Report} from '../../source/protocol/messages.ts';
import type {Audit} from './audit.ts';
import type {Kill} from './command.ts';
import {Command} from './command.ts';
import type {Contact, Requests} from './contact.ts';
import {contactOf} from './contact.ts';
import type {Pause} from './machine.ts';
import {Machine} from './machine.ts';
import type {World} from './world.ts';

/** What an agent meets. */
export type AgentParts = {readonly world: World; readonly audit: Audit; readonly requests: Requests};

export type AgentOptions = {
	readonly name: string;
	readonly slots: number;
	readonly mode: 'pull' | 'push';
	/** What it says of itself when it makes itself known; absent: an instance of a driver, known from the start. */
	readonly labels?: Readonly<Record<string, string>>;
};

const reportLogBytes = 64;
/** What even SIGKILL may take, to a process that the kernel is busy with. */
const killMs = 350;
/** What a command gets that is to be stopped. */
const stopGraceMs = 1500;
const spoolLookMs = 200;

/** One start of an agent program with its commands and its watchdog, on a machine with clocks of its own. The product's `Session` decides. */
export class AgentProcess {
	readonly options: AgentOptions;
	readonly session: Session;
	readonly #world: World;
	readonly #audit: Audit;
	readonly #contact: Contact;
	readonly #commands = new Map<string, Command>();
	readonly #machine: Machine;
	/** Length of the lease for whose end a look at the clock is to come; undefined: none is. */
	#guardedMs: number | undefined;

	constructor({world, audit, requests}: AgentParts, options: AgentOptions) {
		this.#world = world;
		this.#audit = audit;
		this.options = options;
		this.session = new Session(world.newId('s'), options.slots);
		// One of them stands for the systems that are not Linux.
		this.#machine = new Machine(world, options.name !== 'west');
		this.#contact = contactOf(world, requests, this);
		world.trace(() => `${options.name} starts as ${this.session.id}`);
		this.#contact.start();
	}

	get alive(): boolean {
		return this.#machine.alive;
	}

	get isPaused(): boolean {
		return this.#machine.isPaused;
	}

	/** Whether nothing runs and nothing is left to tell. */
	get isIdle(): boolean {
		return this.session.idle && this.running.length === 0;
	}

	get running(): Command[] {
		return [...this.#commands.values()].filter(({endedBytes}) => endedBytes === undefined);
	}

	get hasNews(): boolean {
		const {now} = this.#world;
		return this.session.hasOutcomes || [...this.#commands.values()].some(command => command.written(now) > command.acknowledged);
	}

	/** Does this in the agent's process once it is not paused; never once it is dead. */
	run(task: () => void): void {
		this.#machine.run(task);
	}

	later(ms: number, task: () => void): void {
		this.#machine.later(ms, task);
	}

	report(waitMs: number): Report {
		const {now} = this.#world;
		const logs = [...this.#commands.values()].flatMap(command => {
			const chunks = command.unsent(now, reportLogBytes);
			return chunks.length === 0 ? [] : [{ref: command.ref, offset: command.acknowledged, chunks}];
		});
		return this.session.report(this.#machine.now, waitMs, logs);
	}

	/** The same steps as in the agent program. */
	apply(orders: Orders): void {
		const applied = this.session.apply(orders, this.#machine.now);
		this.#traceOrders(orders, applied.accepted);
		// A session that was ended and opens again may get another lease than before.
		if (applied.accepted && this.#guardedMs !== orders.leaseMs) this.#guardLater();
		this.#lookAtClock();
		for (const {ref, offset} of applied.acknowledgedLogs) {
			const command = this.#commands.get(attemptKey(ref));
			if (command) command.acknowledged = Math.max(command.acknowledged, offset);
		}
		for (const ref of applied.settled) {
			this.#audit.settled(ref);
			this.#commands.delete(attemptKey(ref));
		}
		for (const ref of applied.stop) this.#stop(ref);
		for (const assignment of applied.start) this.#start(assignment);
	}

	/** In push: Orders have come in; the reply may be held. */
	dialled(orders: Orders, reply: (report: Report) => void): void {
		this.run(() => this.#contact.dialled(orders, reply));
	}

	pause(ms: number, pause: Pause): void {
		if (this.isPaused || !this.alive) return;
		this.#world.trace(() => `${this.options.name} stands still for ${ms} ms ${JSON.stringify(pause)}`);
		if (pause.freeze) this.#audit.froze(this);
		this.#machine.pause(ms, pause, () => this.#wake());
	}

	/** Somebody sets the clock of its machine. */
	setClock(byMs: number): void {
		this.#world.trace(() => `the clock of ${this.options.name} is set by ${byMs} ms`);
		this.#machine.setClock(byMs);
	}

	/** The process ends, and its commands with it. */
	die(): void {
		if (!this.alive) return;
		this.#world.trace(() => `${this.options.name} dies, session ${this.session.id}`);
		this.#machine.alive = false;
		for (const command of this.running) this.#exit(command);
	}

	#traceOrders({session, answers, start, stop}: Orders, accepted: boolean): void {
		const said = [...start.map(({ref}) => ` start ${attemptKey(ref)}`), ...stop.map(ref => ` stop ${attemptKey(ref)}`)];
		const how = accepted ? 'takes' : 'ignores';
		this.#world.trace(() => `${this.options.name} ${how} Orders for ${session} that answer ${answers}:${said.join('') || ' nothing'}`);
	}

	/** The clocks first, then anything else. */
	#wake(): void {
		this.#guard({atWaking: true});
		this.#audit.thawed(this);
		this.#contact.news();
	}

	#start({ref, timeoutMs}: Assignment): void {
		const {random, faults, now} = this.#world;
		const fails = random.chance(faults.commandFails);
		const plan = {
			ms: 300 + random.below(random.chance(0.2) ? 60_000 : 8000),
			bytes: random.below(300),
			outcome: fails ? {status: 'failed' as const, exitCode: 1 + random.below(3)} : {status: 'succeeded' as const, exitCode: 0},
		};
		const command = new Command(ref, plan, now, faults.spoolBytes);
		this.#commands.set(attemptKey(ref), command);
		this.#audit.began(ref, this);
		this.#endLater(command, plan.ms);
		if (timeoutMs !== undefined) this.later(timeoutMs / this.#machine.rate, () => this.#kill(command, {status: 'timed_out'}, killMs));
	}

	#stop(ref: AttemptRef): void {
		const command = this.#commands.get(attemptKey(ref));
		this.#audit.stopping(ref);
		if (command) this.#kill(command, {status: 'cancelled'}, stopGraceMs + killMs);
	}

	/** It dies some time within so many milliseconds, often at their very end. */
	#kill(command: Command, kill: Kill, withinMs: number): void {
		if (command.endedBytes !== undefined) return;
		command.kill ??= kill;
		const {random} = this.#world;
		const ms = random.chance(0.3) ? withinMs : random.below(withinMs);
		this.#machine.beside(ms / this.#machine.rate, () => this.#ended(command));
	}

	#endLater(command: Command, ms: number): void {
		this.#machine.beside(ms, () => {
			if (command.hasWrittenAll(this.#world.now)) this.#ended(command);
			else this.#endLater(command, spoolLookMs);
		});
	}

	/** The command's process is gone; the agent notes it as soon as it runs. */
	#ended(command: Command): void {
		if (!this.alive || command.endedBytes !== undefined) return;
		this.#exit(command);
		this.run(() => {
			this.#lookAtClock();
			const expired = this.session.lease !== undefined && !this.session.mayStart(this.#machine.now);
			const kill = command.kill ?? (expired ? {status: 'lost' as const} : undefined);
			const outcome = kill ?? command.planned;
			this.session.finished(command.ref, outcome, command.endedBytes ?? 0);
			this.#audit.reported(command.ref, outcome, command.endedBytes ?? 0);
			this.#contact.news();
		});
	}

	#exit(command: Command): void {
		command.endedBytes = command.written(this.#world.now);
		this.#audit.exited(command.ref);
	}

	/** The agent's own look: ends all when the lease is about to end. */
	#lookAtClock(): void {
		const {lease} = this.session;
		const now = this.#machine.now;
		if (!lease || this.session.mayStart(now)) return;
		const graceMs = Math.max(0, this.session.leaseLeftMs(now) - killWindowMs(lease.leaseMs) / 2);
		for (const command of this.running) this.#kill(command, {status: 'lost'}, graceMs + killMs);
	}

	/** Both looks at the clock: the agent's own, unless it is paused, and its watchdog's, unless the machine stands still. */
	#guard({atWaking = false} = {}): void {
		const {lease} = this.session;
		if (!this.alive || !this.#machine.isWatched || !lease) return;
		const leftMs = leaseLeftMs(lease, this.#machine.now);
		if (leftMs > killWindowMs(lease.leaseMs) / 4) {
			if (!this.isPaused) this.#lookAtClock();
			return this.#guardLater();
		}
		for (const command of this.running) {
			command.kill ??= {status: 'lost'};
			if (atWaking) this.#ended(command);
			else this.#kill(command, command.kill, Math.max(1, leftMs - 1));
		}
	}

	/** Looks again when the window opens in which the agent kills, and when the watchdog does. */
	#guardLater(): void {
		const {lease} = this.session;
		if (!lease) return;
		const {leaseMs} = lease;
		this.#guardedMs = leaseMs;
		const leftMs = leaseLeftMs(lease, this.#machine.now);
		const window = killWindowMs(leaseMs);
		const ms = (leftMs > window ? leftMs - window : leftMs - window / 4) / this.#machine.rate;
		this.#world.at(Math.max(0.5, ms), () => {
			if (this.#guardedMs !== leaseMs) return; // another look has taken its place
			this.#guardedMs = undefined;
			this.#guard();
		});
	}
}
