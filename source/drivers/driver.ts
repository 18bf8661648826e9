import type {Agent} from 'node:http';
import type {Handle, InstanceEnd, InstanceSpec, InstanceUsage, OutputPiece} from '../model/instance.ts';
import type {AgentSpec} from '../model/workflow.ts';

/** Where the agent of an instance is dialled. */
export type Dialled = {readonly url: string; readonly gateway?: Gateway};

/**
 * Somebody between an agent and whoever dials it, such as the API server of a cluster. It wants to know who asks, so `Authorization` is its
 * own: what the agent itself is to be told goes into another header.
 */
export type Gateway = {
	/** What goes with each request to it, as it is at that moment. */
	credentials(keepAlive: boolean): Promise<{readonly headers: Readonly<Record<string, string>>; readonly agent: Agent}>;
	/** What an answer of its own, not of the agent's, says in words; undefined: the agent has answered. */
	refusal(status: number, body: string): string | undefined;
};

/**
 * Starts and stops instances: processes, containers, pods. One driver serves many instances at once.
 *
 * The contract, which `test/conformance/driver.test.ts` runs against every driver:
 * - `start` is idempotent by `spec.name`: a second call, also by a later life of the orchestrator after a crash in
 *   the midst of the first, finds the same instance. It resolves once the instance runs (not once its agent answers).
 * - `stop` ends the instance with all that runs in it and resolves when nothing of it is left: no process, no file. It
 *   is fine when the instance is gone, or was never started.
 * - `watch` resolves when the instance is no more, with the cause, whoever ended it, and at once when it is gone
 *   already. It works on a handle from an earlier life of the orchestrator.
 * - `list` tells every instance that carries this orchestrator's label, whoever's memory it is in, and also one that ended but left something.
 * - Instances outlive `close` and the orchestrator's process.
 * - An instance with a `command` is no other thing: it is started by name, and stays when its program has ended, with its output and its exit code,
 *   until it is stopped; a `start` then finds the ended one. A driver that has `find`, `output` and `end` can have such instances.
 * - What goes wrong rejects with a `ByoaiError`: `invalid` (the spec cannot be, its image for instance: nobody tries that again), `unavailable`
 *   (the machine cannot). What can be seen in a spec alone, `refusals.ts` says before.
 */
export interface Driver {
	readonly name: Handle['driver'];

	/** Whether it can work here, for these agents where they are known. Rejects with `unavailable` and what to do about it. */
	probe(agents?: readonly AgentSpec[]): Promise<void>;

	start(spec: InstanceSpec): Promise<Handle>;

	/**
	 * The instance of a `command` that is there by this name, because a start has come about that an earlier life asked for, or that rejected with a retryable
	 * `unavailable`. Like `start` it resolves once it runs, or has ended; but it starts none. Undefined: there is none.
	 */
	find?(spec: InstanceSpec): Promise<Handle | undefined>;

	/** Others take instances away, too: of one that an earlier life may have started, and that is not there, nobody knows whether it ran. */
	readonly losesInstances?: true;

	/** `handle` is absent when the orchestrator died before it knew one: then the name alone must do. */
	stop(instance: {name: string; handle?: Handle}): Promise<void>;

	/** `signal` ends the watching (the promise then rejects with the signal's reason), never the instance. */
	watch(name: string, handle: Handle, signal: AbortSignal): Promise<InstanceEnd>;

	list(): Promise<ReadonlyArray<{name: string; handle: Handle}>>;

	/**
	 * Where the agent of an instance is dialled from here, as it is now. Rejects with `unavailable` when that cannot be told.
	 * Undefined, or absent: the agent dials by itself.
	 */
	reach?(spec: InstanceSpec, handle: Handle): Promise<string | Dialled> | undefined;

	/** How far a start is, in words, where it is one that takes long; undefined: there is nothing to tell. */
	progress?(instance: string): string | undefined;

	/**
	 * The last lines that an instance has printed so far, also while `start` is under way: one whose agent does not come online says why there.
	 * `handle` is absent until it is known. Undefined: it has printed nothing, or what it has cannot be had.
	 */
	lastOutput?(instance: {name: string; handle?: Handle}): Promise<string | undefined>;

	/**
	 * What an instance with a `command` prints, from byte `from` of both streams merged on: what there is, then live, to the end, which is
	 * when its program has ended and all was read. Each reading finds the same bytes. Rejects with a retryable `unavailable` when the engine is
	 * away or the reading breaks off: it is then asked again, from where it came to. So it does when the instance is not there any more.
	 */
	output?(handle: Handle, from: number, signal: AbortSignal): AsyncIterable<OutputPiece>;

	/**
	 * Has the program of an instance with a `command` end: asks it to, kills it after `graceMs`. Resolves once it has ended; fine when it had. What is told of an end that was
	 * asked for says so, as far as that is known; a driver that does not know it any more tells no exit code.
	 */
	end?(handle: Handle, graceMs: number): Promise<void>;

	/** What an instance uses, again and again, until it has ended or the signal is aborted. Streamed by its engine, which costs that something. */
	usage?(handle: Handle, signal: AbortSignal): AsyncIterable<InstanceUsage>;

	/** Ends what this driver holds in memory. */
	close(): Promise<void>;
}
