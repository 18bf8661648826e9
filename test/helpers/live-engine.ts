import {onTestFinished} from 'vitest';
import type {Clock} from '../../source/engine/clock.ts';
import {systemClock} from '../../source/engine/clock.ts';
import {Engine} from '../../source/engine/engine.ts';
import type {Command} from '../../source/model/command.ts';
import type {ByoaiError} from '../../source/model/error.ts';
import type {Event} from '../../source/model/event.ts';
import type {Outcome} from '../../source/model/run.ts';
import type {Workflow} from '../../source/model/workflow.ts';
import {openStore} from '../../source/store/sqlite.ts';
import type {Store} from '../../source/store/store.ts';

export type LiveEngine = {
	readonly engine: Engine;
	readonly store: Store;
	readonly clock: Clock;
	/** What it commanded so far. */
	readonly commands: readonly Command[];
	readonly fatal: readonly ByoaiError[];
	/** Submits events one after the other, all of which must be accepted. */
	tell(...events: readonly Event[]): Promise<void>;
};

export type LiveEngineOptions = {
	/** Two engines on one store are two lives. */
	readonly store?: Store;
	readonly clock?: Clock;
	readonly perform?: (command: Command) => void;
};

/** An engine on a real database, closed with the test. */
export function openEngine({store = openStore(':memory:'), clock = systemClock, perform}: LiveEngineOptions = {}): LiveEngine {
	const commands: Command[] = [];
	const fatal: ByoaiError[] = [];
	const engine = new Engine({
		store,
		clock,
		limits: {batch_events: 1000, snapshot_events: 20_000},
		perform(command) {
			commands.push(command);
			perform?.(command);
		},
		onFatal: error => fatal.push(error),
	});
	engine.restore();
	onTestFinished(() => void engine.close());
	return {
		engine,
		store,
		clock,
		commands,
		fatal,
		async tell(...events) {
			for (const event of events) await engine.submit(event);
		},
	};
}

/** Wall clock of the events below. */
const at = 1_800_000_000_000;

export function submitted(run: string, workflow: Workflow): Event {
	return {type: 'run-submitted', at, run, workflow, params: {}, localAgent: {slots: 2, idleMs: 0}};
}

export function registered(name: string, slots = 1, labels: Readonly<Record<string, string>> = {}): Event {
	return {type: 'agent-registered', at, agent: {name, type: 'test', mode: 'pull', slots, labels}};
}

export function opened(session: string, agent: string, leaseMs = 60_000): Event {
	return {type: 'session-opened', at, session, agent, leaseMs};
}

export function assigned(session: string, run: string, task = 0, attempt = 1): Event {
	return {type: 'attempt-assigned', at, ref: {run, task, attempt}, session};
}

export function finished(
	session: string,
	run: string,
	{
		task = 0,
		attempt = 1,
		status = 'succeeded',
		logBytes = 0,
	}: {task?: number; attempt?: number; status?: Outcome['status']; logBytes?: number} = {},
): Event {
	return {type: 'attempt-finished', at, ref: {run, task, attempt}, session, outcome: {status}, logBytes};
}
