import {ByoaiError, messageOf} from '../source/model/error.ts';
import type {AttemptRef} from '../source/model/ids.ts';
import {attemptKey} from '../source/model/ids.ts';
import type {Outcome} from '../source/model/run.ts';
import type {Environment} from '../source/model/workflow.ts';
import type {Assignment, LogStream, Orders, Report} from '../source/protocol/messages.ts';
import type {TaskRequest} from '../source/protocol/task.ts';
import type {ExecutionOptions, Stop} from './execute.ts';
import {Execution} from './execute.ts';
import {Fifos} from './fifos.ts';
import type {Guard} from './guard.ts';
import {clockLookMs, killWindowMs} from './lease.ts';
import {now} from './now.ts';
import type {Session} from './session.ts';
import {Slots} from './slots.ts';
import type {Output} from './spool.ts';
import {Spool} from './spool.ts';

export type AgentOptions = {
	readonly session: Session;
	readonly guard: Guard;
	/** Temporary files. */
	readonly directory: string;
	readonly spoolBytes: number;
	/** What commands inherit. */
	readonly environment: Environment;
	readonly say: (message: string) => void;
};

/** An outcome and a change of the free slots are to be reported at once; output can wait for more. */
export type News = 'outcome' | 'slots' | 'output';

/** A command that runs for somebody who came to the agent directly: no attempt, and not the orchestrator's affair. */
export type Direct = {
	/** Resolves when nothing of it runs any more; never rejects. */
	readonly ended: Promise<Outcome>;
	stop(stop: Stop): void;
};

/** The most output of one Report, so that it stays well under the limit for an exchange also as base64. */
const reportLogBytes = 1024 * 1024;
/** When the agent stops, commands get no more than this between SIGTERM and SIGKILL. */
const closeGraceMs = 10_000;
const agentStopped = {status: 'lost', reason: 'agent stopped'} as const;

/** The session with its effects: runs what Orders ask for, keeps the output, ends everything when the lease does. */
export class Agent {
	/** Called when there is something to report. */
	onNews: (news: News) => void = () => undefined;
	readonly #options: AgentOptions;
	readonly #spool: Spool;
	readonly #fifos: Fifos;
	readonly #slots: Slots;
	readonly #executions = new Map<string, {execution: Execution; ended: Promise<void>}>();
	readonly #direct = new Set<Direct>();
	#directs = 0;
	#clock: {readonly timer: NodeJS.Timeout; readonly leaseMs: number} | undefined;
	#closing = false;

	constructor(options: AgentOptions) {
		this.#options = options;
		this.#fifos = new Fifos(options.directory);
		this.#slots = new Slots(options.session.slots);
		this.#spool = new Spool({
			directory: options.directory,
			limitBytes: options.spoolBytes,
			onOutput: () => this.onNews('output'),
		});
	}

	get session(): Session {
		return this.#options.session;
	}

	/** Whether there is output that the orchestrator does not have yet. */
	get hasOutput(): boolean {
		return this.#spool.pending;
	}

	/** The next Report; to be sent at once. */
	report(waitMs: number): Report {
		return this.session.report(now(), waitMs, this.#spool.read(reportLogBytes));
	}

	/** Does what Orders say. Returns whether they said anything. */
	apply(orders: Orders): boolean {
		const applied = this.session.apply(orders, now());
		if (applied.accepted && this.session.lease) this.#options.guard.renewed(this.session.lease);
		this.#lookAtClock();
		if (this.#clock !== undefined) this.#watchClock();
		const before = this.#spool.bytes;
		for (const {ref, offset} of applied.acknowledgedLogs) this.#spool.acknowledge(ref, offset);
		for (const ref of applied.settled) this.#spool.discard(ref);
		for (const ref of applied.stop)
			this.#executions.get(attemptKey(ref))?.execution.stop({status: 'cancelled', reason: 'stopped by the orchestrator'});
		for (const assignment of applied.start) this.#start(assignment);
		return applied.start.length + applied.stop.length + applied.settled.length > 0 || this.#spool.bytes < before;
	}

	/** Ends all that runs, and starts nothing any more. Resolves when nothing runs and the outcomes wait to be reported. */
	async close(): Promise<void> {
		this.#closing = true;
		this.#options.session.end();
		const attempts = [...this.#executions.values()];
		for (const {execution} of attempts) execution.stop(agentStopped, closeGraceMs);
		for (const direct of this.#direct) direct.stop(agentStopped);
		await Promise.all([...attempts, ...this.#direct].map(({ended}) => ended));
	}

	/**
	 * Runs a command in a slot of its own, which no attempt gets meanwhile. `write` takes its output. Throws `stopping`,
	 * `unavailable` while the agent is drained, and `limit` when no slot is free.
	 */
	runDirectly(request: TaskRequest, write: (stream: LogStream, data: Buffer) => void): Direct {
		const {session, say} = this.#options;
		if (this.#closing) throw new ByoaiError('stopping', 'this agent is about to end', {retryable: true});
		if (session.draining) throw new ByoaiError('unavailable', 'this agent is being drained: it takes nothing more', {retryable: true});
		if (session.free === 0) {
			const message = `no slot is free: this agent runs ${session.slots} at once (AGENT_SLOTS)`;
			throw new ByoaiError('limit', message, {retryable: true});
		}
		session.occupy();
		this.onNews('slots');
		this.#directs += 1;
		const ref = {run: 'direct', task: this.#directs, attempt: 1};
		const {name, ...rest} = request;
		const execution = this.#execution({...rest, ref, task: name, graceMs: closeGraceMs}, {direct: true, write});
		say(`direct task ${ref.task} starts: ${JSON.stringify(name)}`); // anybody's text: on one line, without control characters
		const ended = this.#run(execution).then(outcome => {
			this.#direct.delete(direct);
			say(`direct task ${ref.task} ${inWords(outcome)}`);
			session.vacate();
			this.onNews('slots');
			return outcome;
		});
		const direct: Direct = {ended, stop: stop => execution.stop(stop)};
		this.#direct.add(direct);
		return direct;
	}

	#start(assignment: Assignment): void {
		const {ref} = assignment;
		if (this.#closing) return this.#finished(ref, agentStopped, 0);
		const execution = this.#execution(assignment, {direct: false, write: (stream, data, at) => output.write(stream, data, at)});
		// Opened after the execution, which it tells at once to wait when the spool is full.
		const output: Output = this.#spool.open(ref, {
			flow: on => execution.flow(on),
			failed: error => execution.stop({status: 'failed', reason: `its output could not be kept: ${error.message}`}),
		});
		this.#options.say(`${attemptKey(ref)} starts: ${assignment.task}`);
		const ended = this.#run(execution).then(outcome => {
			this.#executions.delete(attemptKey(ref));
			if (this.#executions.size === 0) this.#unwatchClock();
			this.#finished(ref, outcome, output.bytes);
		});
		this.#executions.set(attemptKey(ref), {execution, ended});
		this.#watchClock();
	}

	#execution(assignment: Assignment, {direct, write}: {direct: boolean; write: ExecutionOptions['write']}): Execution {
		const {directory, environment, guard} = this.#options;
		return new Execution({
			assignment,
			directory,
			fifos: this.#fifos,
			environment,
			write,
			starting: () => guard.starting(),
			notStarted: mark => guard.notStarted(mark),
			began: (group, mark) => guard.began(group, {mark, direct}),
			vanished: group => guard.vanished(group),
			lookAtClock: () => this.#lookAtClock(),
		});
	}

	async #run(execution: Execution): Promise<Outcome> {
		try {
			await this.#options.guard.ready();
		} catch (error) {
			return {status: 'lost', reason: messageOf(error)};
		}
		const hasSlot = await this.#slots.take(execution.stopped);
		try {
			return await execution.run();
		} finally {
			if (hasSlot) this.#slots.release();
		}
	}

	#finished(ref: AttemptRef, outcome: Outcome, logBytes: number): void {
		this.#options.say(`${attemptKey(ref)} ${inWords(outcome)}`);
		this.session.finished(ref, outcome, logBytes);
		this.onNews('outcome');
	}

	/** A session that was ended and opened again may have another lease than before. */
	#watchClock(): void {
		const {leaseMs = 0} = this.session.lease ?? {};
		if (this.#clock?.leaseMs === leaseMs) return;
		this.#unwatchClock();
		this.#clock = {timer: setInterval(() => this.#lookAtClock(), clockLookMs(leaseMs)), leaseMs};
	}

	#unwatchClock(): void {
		clearInterval(this.#clock?.timer);
		this.#clock = undefined;
	}

	/** Ends all attempts when the lease is about to: before anything else is done after a sleep, and all the time. */
	#lookAtClock(): void {
		const {lease} = this.session;
		const time = now();
		if (!lease || this.session.mayStart(time)) return;
		const graceMs = Math.max(0, this.session.leaseLeftMs(time) - killWindowMs(lease.leaseMs) / 2);
		for (const {execution} of this.#executions.values()) {
			execution.stop({status: 'lost', reason: 'the lease ended: the orchestrator was not heard from'}, graceMs);
		}
	}
}

function inWords({status, exitCode, signal, reason, durationMs}: Outcome): string {
	const details = [exitCode !== undefined && `exit code ${exitCode}`, signal, reason, durationMs !== undefined && `${durationMs / 1000} s`];
	return `${status}: ${details.filter(Boolean).join(', ')}`;
}
