import assert from 'node:assert/strict';
import type {AttemptRef} from '../../../source/model/ids.ts';
import {attemptKey} from '../../../source/model/ids.ts';
import type {Outcome} from '../../../source/model/run.ts';
import {outputOf} from '../command.ts';
import type {Expectations} from '../expectations.ts';
import type {World} from '../world.ts';
import type {ImageType} from './workflows.ts';

/** Why a program ends: by itself, because a driver was asked to end it or to take it away, or because of somebody else. */
export type EndCause = 'itself' | 'asked' | 'stopped' | 'outside';

type Program = {
	readonly ref: AttemptRef;
	readonly type: ImageType;
	readonly begunAt: number;
	endedAt: number | undefined;
	cause: EndCause | undefined;
	exitCode: number | undefined;
	bytes: number;
	/** The journal says that it has its instance. */
	isRecorded: boolean;
	isTakenAway: boolean;
};

/** A timeout goes on in the next life by wall clocks, which drift and may be set between two lives. */
const clockMs = 6000;
const clockDrift = 0.05;

/** What really runs in the instances of tasks with an image, held against what the journal says. Shares no code with what starts and follows them. */
export class ImageJudge {
	readonly #world: World;
	readonly #expectations: Expectations;
	readonly #programs = new Map<string, Program>();
	/** Attempts whose start was refused for good. */
	readonly #refused = new Set<string>();

	readonly #fail: (error: unknown) => void;

	/** `fail` takes what is found in the midst of an engine. */
	constructor(world: World, expectations: Expectations, fail: (error: unknown) => void) {
		this.#world = world;
		this.#expectations = expectations;
		this.#fail = fail;
	}

	get count(): number {
		return this.#programs.size;
	}

	/** Whether this is an attempt of a task with an image. */
	judges(ref: AttemptRef): boolean {
		return this.#expectations.run(ref.run).task(ref.task).spec.mould !== undefined;
	}

	/** Whether the journal says of this attempt that it has its instance. */
	isRecorded(ref: AttemptRef): boolean {
		return this.#programs.get(attemptKey(ref))?.isRecorded === true;
	}

	/** Its program begins to run. */
	began(ref: AttemptRef, type: ImageType): void {
		const key = attemptKey(ref);
		this.#look(`begins on ${type}`, ref, () => {
			assert(!this.#programs.has(key), `${key} ran twice`);
			const agent = this.#expectations.agentOf(ref);
			assert(agent?.startsWith(`${type}~images`), `${key} began, held by ${agent}`);
			for (let attempt = 1; attempt < ref.attempt; attempt++) assert(!this.#runs({...ref, attempt}), `two attempts of ${key} at once`);
			const beside = [...this.#programs.values()].filter(other => other.type === type && other.endedAt === undefined).length;
			assert(beside < (this.#world.images?.slots ?? 0), `more programs at once on ${type} than slots`);
		});
		const program = {ref, type, begunAt: this.#world.now, endedAt: undefined, cause: undefined, exitCode: undefined};
		this.#programs.set(key, {...program, bytes: 0, isRecorded: false, isTakenAway: false});
	}

	printed(ref: AttemptRef, bytes: number): void {
		const program = this.#programs.get(attemptKey(ref));
		if (program) program.bytes += bytes;
	}

	/** Its program is gone, if it ever ran. */
	exited(ref: AttemptRef, {cause, exitCode}: {cause: EndCause; exitCode: number | undefined}): void {
		this.#world.trace(() => `${attemptKey(ref)} ends: ${cause}, ${exitCode}`);
		const program = this.#programs.get(attemptKey(ref));
		if (program) Object.assign(program, {endedAt: this.#world.now, cause, exitCode});
	}

	/** Somebody else takes the instance away: what it had printed may be lost with it. */
	takenAway(ref: AttemptRef): void {
		const program = this.#programs.get(attemptKey(ref));
		if (program) program.isTakenAway = true;
	}

	refused(ref: AttemptRef): void {
		this.#refused.add(attemptKey(ref));
	}

	/** The journal says that it has its instance. */
	recorded(ref: AttemptRef): void {
		const program = this.#programs.get(attemptKey(ref));
		assert(program, `${attemptKey(ref)} is recorded as started, and never was`);
		program.isRecorded = true;
	}

	/** The journal has ended this attempt with the session that had it: the orchestrator itself, which is never lost to itself, however long it was away. */
	lost(ref: AttemptRef): void {
		assert.fail(`${attemptKey(ref)} was lost with its session`);
	}

	/** The journal has taken this attempt's outcome. */
	finished(ref: AttemptRef, outcome: Outcome, logBytes: number): void {
		const key = attemptKey(ref);
		const program = this.#programs.get(key);
		const said = `outcome of ${key}: ${JSON.stringify(outcome)}`;
		assert(!this.#runs(ref), `${key} still runs though the journal has its outcome`);
		assert.equal(this.#world.disk.log(ref).synced, logBytes, `durable output of ${key}`);
		this.#checkLog(ref);
		const isStopped = this.#expectations.run(ref.run).task(ref.task).stopping;
		if (outcome.status === 'cancelled') assert(isStopped, `${said}, and nobody wanted that`);
		if (program === undefined) return this.#checkUnbegun(key, outcome, said, logBytes);
		if (outcome.status === 'timed_out') this.#checkTimeout(program, said);
		if (outcome.status === 'succeeded' || outcome.status === 'failed') {
			assert.equal(program.cause, 'itself', `${said}, though its program did not end by itself`);
			assert.equal(outcome.exitCode, program.exitCode, said);
			assert.equal(outcome.status, program.exitCode === 0 ? 'succeeded' : 'failed', said);
		}
		if (outcome.status === 'lost') {
			const isFromOutside = program.cause === 'outside' || program.isTakenAway;
			assert(isFromOutside, `${said}, though its program ended by ${program.cause}, and nobody took it away`);
		}
		// One that is stopped while it starts goes with what it has printed by then.
		const isCut = program.isTakenAway || !program.isRecorded;
		if (!isCut || outcome.status === 'succeeded' || outcome.status === 'failed')
			assert.equal(logBytes, program.bytes, `bytes of the output of ${key} that are kept`);
	}

	/** In the end nothing runs, and every log is right as far as it goes. */
	finish(): void {
		for (const {ref, endedAt} of this.#programs.values()) {
			assert(endedAt !== undefined, `${attemptKey(ref)} still runs`);
			this.#checkLog(ref);
		}
	}

	#checkUnbegun(key: string, {status}: Outcome, said: string, logBytes: number): void {
		assert.equal(logBytes, 0, `bytes of output of ${key}, which never ran`);
		if (status === 'failed') assert(this.#refused.has(key), `${said}, though it never ran and could have been tried again`);
		else assert(status === 'cancelled' || status === 'lost', `${said}, though it never ran`);
	}

	/** It must have had its time. */
	#checkTimeout({ref, begunAt, endedAt = this.#world.now, cause}: Program, said: string): void {
		const {timeoutMs} = this.#expectations.run(ref.run).task(ref.task).spec;
		assert(timeoutMs !== undefined, `${said}, and it has no timeout`);
		// A clock that is set while the orchestrator is down ends it at any time.
		if (this.#world.clockWasSet && cause !== 'itself') return;
		const ranMs = endedAt - begunAt;
		// Where two clocks differ in their rate, they differ by more the longer they run.
		const clocksMs = clockMs + clockDrift * this.#world.now;
		assert(ranMs + clocksMs >= timeoutMs, `${said}, after ${ranMs} of ${timeoutMs} ms`);
		if (cause === 'itself')
			assert(ranMs * (1 + clockDrift) >= timeoutMs, `${said}, though its program had ended in time, after ${ranMs} ms`);
	}

	#runs(ref: AttemptRef): boolean {
		const program = this.#programs.get(attemptKey(ref));
		return program !== undefined && program.endedAt === undefined;
	}

	#checkLog(ref: AttemptRef): void {
		const {bytes} = this.#world.disk.log(ref);
		assert(bytes.equals(outputOf(ref, 0, bytes.length)), `the log of ${attemptKey(ref)} is not what it printed`);
	}

	#look(what: string, ref: AttemptRef, look: () => void): void {
		this.#world.trace(() => `${attemptKey(ref)} ${what}`);
		try {
			look();
		} catch (error) {
			this.#fail(error);
		}
	}
}
