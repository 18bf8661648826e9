import assert from 'node:assert/strict';
import type {AttemptRef} from '../../../source/model/ids.ts';
import {attemptKey} from '../../../source/model/ids.ts';
import type {Outcome} from '../../../source/model/run.ts';
import {outputOf} from '../command.ts';
import type {Expectations} from '../expectations.ts';
import type {World} from '../world.ts';

type Attempt = {
	readonly agent: string;
	hasBegun: boolean;
	/** What the agent answered; undefined: nothing yet, or nobody waits for it any more. */
	answer: {readonly exitCode: number; readonly text: string} | undefined;
};

/** What a command on a basic agent prints: text, which is all that such an agent can tell. */
export function basicOutput(ref: AttemptRef, bytes: number): string {
	return outputOf(ref, 0, bytes).toString('hex');
}

/**
 * What is promised of basic agents, and no more: an attempt is given out once, a result that counts is the one that its agent answered, with all that it says the
 * command printed. That nothing runs twice, or beside the next attempt, is not.
 */
export class BasicJudge {
	readonly #world: World;
	readonly #expectations: Expectations;
	readonly #attempts = new Map<string, Attempt>();

	constructor(world: World, expectations: Expectations) {
		this.#world = world;
		this.#expectations = expectations;
	}

	/** Commands that agents have begun. */
	get count(): number {
		return this.#attempts.values().reduce((sum, {hasBegun}) => sum + (hasBegun ? 1 : 0), 0);
	}

	judges(ref: AttemptRef): boolean {
		return this.#attempts.has(attemptKey(ref));
	}

	/** The journal has given this attempt to a basic agent. */
	assigned(ref: AttemptRef, agent: string): void {
		this.#attempts.set(attemptKey(ref), {agent, hasBegun: false, answer: undefined});
	}

	began(ref: AttemptRef, agent: string): void {
		const key = attemptKey(ref);
		const attempt = this.#attempts.get(key);
		assert(attempt, `${key} came to ${agent}, and was given to no such agent`);
		assert.equal(attempt.agent, agent, `agent that ${key} came to`);
		assert(!attempt.hasBegun, `${key} was given out twice`);
		attempt.hasBegun = true;
	}

	answered(ref: AttemptRef, answer: {readonly exitCode: number; readonly text: string}): void {
		const attempt = this.#attempts.get(attemptKey(ref));
		if (attempt) attempt.answer = answer;
	}

	/** Its session has ended: whether it runs on, nobody knows. */
	lost(ref: AttemptRef): void {
		this.#expectLog(ref, this.#attempts.get(attemptKey(ref))?.answer?.text ?? '');
	}

	finished(ref: AttemptRef, outcome: Outcome, logBytes: number): void {
		const key = attemptKey(ref);
		const said = `outcome of ${key}: ${JSON.stringify(outcome)}`;
		const {answer} = this.#attempts.get(key) ?? {};
		const {spec, stopping} = this.#expectations.run(ref.run).task(ref.task);
		if (outcome.status === 'succeeded' || outcome.status === 'failed') {
			assert(answer, `${said}, and its agent has not answered`);
			assert.deepEqual([outcome.status, outcome.exitCode], [answer.exitCode === 0 ? 'succeeded' : 'failed', answer.exitCode], said);
			assert.equal(logBytes, answer.text.length, `bytes of the output of ${key}`);
			assert.equal(this.#world.disk.log(ref).synced, logBytes, `durable output of ${key}`);
			return this.#expectLog(ref, answer.text);
		}
		if (outcome.status === 'cancelled') assert(stopping, `${said}, and nobody wanted that`);
		if (outcome.status === 'timed_out') assert(spec.timeoutMs !== undefined, `${said}, and it has no timeout`);
	}

	/** Output that is kept is right as far as it goes. */
	#expectLog(ref: AttemptRef, text: string): void {
		const {bytes} = this.#world.disk.log(ref);
		assert(text.startsWith(bytes.toString()), `the log of ${attemptKey(ref)} is not what its agent has told`);
	}
}
