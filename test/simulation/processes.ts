import assert from 'node:assert/strict';
import type {AttemptRef} from '../../source/model/ids.ts';
import {attemptKey} from '../../source/model/ids.ts';
import type {Outcome} from '../../source/model/run.ts';
import {outputOf} from './command.ts';
import type {Disk} from './disk.ts';
import type {Expectations} from './expectations.ts';

/** As much of an agent as it takes to say what runs there. */
export type Runner = {
	readonly options: {readonly name: string; readonly slots: number};
	readonly session: {readonly id: string};
	readonly running: readonly unknown[];
};

type Process = {readonly ref: AttemptRef; readonly agent: Runner; running: boolean; frozen: boolean};
type Told = {readonly outcome: Outcome; readonly bytes: number};

/** What really runs on the agents' machines, held against what the journal says. */
export class Processes {
	readonly #expectations: Expectations;
	readonly #disk: Disk;
	readonly #processes = new Map<string, Process>();
	readonly #told = new Map<string, Told>();

	constructor(expectations: Expectations, disk: Disk) {
		this.#expectations = expectations;
		this.#disk = disk;
	}

	get count(): number {
		return this.#processes.size;
	}

	began(ref: AttemptRef, agent: Runner): void {
		const key = attemptKey(ref);
		assert(!this.#processes.has(key), `${key} ran twice`);
		assert.equal(this.#expectations.holder(ref), agent.session.id, `${key} began: its holder in the journal`);
		for (let attempt = 1; attempt < ref.attempt; attempt++) assert(!this.#runs({...ref, attempt}), `two attempts of ${key} at once`);
		assert(agent.running.length <= agent.options.slots, `more attempts at once on ${agent.options.name} than slots`);
		this.#processes.set(key, {ref, agent, running: true, frozen: false});
	}

	exited(ref: AttemptRef): void {
		const process = this.#processes.get(attemptKey(ref));
		if (process) process.running = false;
	}

	froze(agent: Runner): void {
		for (const process of this.#processes.values()) if (process.agent === agent) process.frozen = true;
	}

	/** What still runs after a standstill must still be its to run. */
	thawed(agent: Runner): void {
		for (const process of this.#processes.values()) {
			if (process.agent !== agent || !process.frozen) continue;
			process.frozen = false;
			const holder = process.running ? this.#expectations.holder(process.ref) : agent.session.id;
			assert.equal(holder, agent.session.id, `${attemptKey(process.ref)} goes on after a standstill though the journal has ended it`);
		}
	}

	/** The agent has an outcome to report. */
	reported(ref: AttemptRef, outcome: Outcome, bytes: number): void {
		this.#told.set(attemptKey(ref), {outcome, bytes});
	}

	/** The agent was told to stop this attempt. */
	stopping(ref: AttemptRef): void {
		const task = this.#expectations.run(ref.run).task(ref.task);
		assert(task.stopping || task.attempts !== ref.attempt || task.holder === undefined, `${attemptKey(ref)} was stopped without a reason`);
	}

	/** The agent forgets this attempt. */
	settled(ref: AttemptRef): void {
		assert.equal(this.#expectations.holder(ref), undefined, `${attemptKey(ref)} was settled before its end was journaled`);
	}

	/** The journal has ended this attempt as lost: nothing of it may run. */
	lost(ref: AttemptRef): void {
		assert(!this.#runs(ref), `${attemptKey(ref)} still runs though the journal has it as lost`);
		this.#checkLog(ref);
	}

	/** The journal has taken this attempt's outcome. */
	finished(ref: AttemptRef, outcome: Outcome, logBytes: number): void {
		const key = attemptKey(ref);
		assert(!this.#runs(ref), `${key} still runs though the journal has its outcome`);
		const told = this.#told.get(key);
		if (told === undefined) assert.equal(outcome.status, 'cancelled', `outcome of ${key}, which never ran`);
		else assert.deepEqual({...outcome}, {...told.outcome}, `outcome of ${key}`);
		assert.equal(logBytes, told?.bytes ?? 0, `bytes of ${key}'s output`);
		assert.equal(this.#disk.log(ref).synced, logBytes, `durable output of ${key}`);
		this.#checkLog(ref);
	}

	/** In the end nothing runs, and every log is right as far as it goes. */
	finish(): void {
		for (const {ref, running} of this.#processes.values()) {
			assert(!running, `${attemptKey(ref)} still runs`);
			this.#checkLog(ref);
		}
	}

	#runs(ref: AttemptRef): boolean {
		const process = this.#processes.get(attemptKey(ref));
		return process?.running === true && !process.frozen;
	}

	#checkLog(ref: AttemptRef): void {
		const {bytes} = this.#disk.log(ref);
		assert(bytes.equals(outputOf(ref, 0, bytes.length)), `the log of ${attemptKey(ref)} is not what it wrote`);
	}
}
