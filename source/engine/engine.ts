import type {Command} from '../model/command.ts';
import {ByoaiError, messageOf} from '../model/error.ts';
import type {Event} from '../model/event.ts';
import type {SessionId} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import type {Refusal} from '../scheduler/check.ts';
import {check, refusalError} from '../scheduler/check.ts';
import {findViolation} from '../scheduler/invariants.ts';
import {place} from '../scheduler/placement.ts';
import {recover} from '../scheduler/recover.ts';
import {savedState} from '../scheduler/saved-state.ts';
import type {State} from '../scheduler/state.ts';
import {emptyState} from '../scheduler/state.ts';
import {step} from '../scheduler/step.ts';
import {wakeAt} from '../scheduler/time.ts';
import type {Store} from '../store/store.ts';
import type {Clock} from './clock.ts';
import {Rooms} from './rooms.ts';

/** One committed batch, as subscribers see it: unchanged parts of the two states are the same objects. */
export type Change = {
	readonly before: State;
	readonly after: State;
	/** Runs that ended with this batch; they are in the history and no more in `after`. */
	readonly endedRuns: readonly Run[];
	/** What happened, in order. */
	readonly events: readonly Event[];
	/** How long it took to write. */
	readonly commitMs: number;
};

export type EngineOptions = {
	readonly store: Store;
	readonly clock: Clock;
	readonly perform: (command: Command) => void;
	/** The journal cannot be written: the engine has stopped, and so must the process. Better dead than forgetful. */
	readonly onFatal: (error: ByoaiError) => void;
	readonly limits: {readonly batch_events: number; readonly snapshot_events: number};
};

type Waiting = {readonly event: Event; readonly answer: (refusal: Refusal | undefined) => void; readonly fail: (error: unknown) => void};

/** What one batch comes to, before anything of it is written. */
type Draft = {state: State; readonly events: Event[]; readonly commands: Command[]; readonly endedRuns: Run[]};

/**
 * The only writer. It checks and steps a batch of events, appends the accepted ones to the journal with one commit, and
 * only then shows what changed, answers, and has the commands performed.
 */
export class Engine {
	readonly #options: EngineOptions;
	#state: State = emptyState;
	#queue: Waiting[] = [];
	#scheduled = false;
	#stopped: ByoaiError | undefined;
	#cancelWake: (() => void) | undefined;
	#sequence = 0;
	#snapshotSequence = 0;
	readonly #rooms = new Rooms();
	readonly #subscribers = new Set<(change: Change) => void>();

	constructor(options: EngineOptions) {
		this.#options = options;
	}

	get state(): State {
		return this.#state;
	}

	/** How many more attempts each session can take, as far as is known. */
	get rooms(): Pick<Rooms, 'get' | 'has' | 'keys' | 'size'> {
		return this.#rooms;
	}

	/**
	 * Takes up the journal where it ends. Call once, before anything else; nothing happens yet. Throws `unavailable` where that cannot be
	 * read, or adds up to what never was: a disk may give back other bytes than it was given.
	 */
	restore(): void {
		const {store} = this.#options;
		let part = 'its snapshot';
		try {
			const snapshot = store.loadSnapshot();
			if (snapshot !== undefined) {
				this.#state = savedState(snapshot.state);
				this.#sequence = this.#snapshotSequence = snapshot.sequence;
			}
			for (const {sequence, event} of store.read(this.#sequence)) {
				part = `entry ${sequence}`;
				this.#state = step(this.#state, event).state;
				this.#sequence = sequence;
			}
			part = 'what it adds up to';
			const violation = findViolation(this.#state);
			if (violation !== undefined) throw new Error(violation);
		} catch (error) {
			throw error instanceof ByoaiError ? error : damagedJournal(part, error);
		}
	}

	/** Performs what an earlier life left to do, and lets time run. */
	start(): void {
		for (const command of recover(this.#state)) this.#options.perform(command);
		this.#submitTick();
	}

	/** Resolves when the event is durable and shown; rejects with a `ByoaiError` when it is refused. */
	async submit(event: Event): Promise<void> {
		const refusal = await this.offer(event);
		if (refusal !== undefined) throw refusalError(refusal);
	}

	/** As `submit`, for those to whom a refusal is an answer like any other. */
	offer(event: Event): Promise<Refusal | undefined> {
		if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
		return new Promise((answer, fail) => {
			this.#queue.push({event, answer, fail});
			this.#schedule();
		});
	}

	/** Tells how many attempts a session can take now; undefined: nothing until it is heard from again. */
	setRoom(session: SessionId, room: number | undefined): void {
		if (room === undefined) this.#rooms.delete(session);
		else this.#rooms.set(session, room);
		if (room !== undefined && room > 0) this.#schedule();
	}

	/** Calls `listener` after each commit that changed the state, before anybody is answered. */
	subscribe(listener: (change: Change) => void): () => void {
		this.#subscribers.add(listener);
		return () => this.#subscribers.delete(listener);
	}

	/**
	 * Takes no more events. What was accepted is in the journal, so that a snapshot which cannot be written costs nothing: why it could
	 * not is returned, and is no reason to end otherwise than in good order.
	 */
	close(): ByoaiError | undefined {
		if (this.#stopped !== undefined) return undefined;
		this.#stop(new ByoaiError('stopping', 'the orchestrator is shutting down'));
		try {
			if (this.#sequence > this.#snapshotSequence) this.#options.store.saveSnapshot(this.#sequence, this.#state);
			return undefined;
		} catch (error) {
			return fatalError(error);
		}
	}

	#stop(reason: ByoaiError): void {
		this.#stopped = reason;
		this.#cancelWake?.();
		for (const {fail} of this.#queue.splice(0)) fail(reason);
	}

	#schedule(): void {
		if (this.#scheduled) return;
		this.#scheduled = true;
		this.#options.clock.soon(() => {
			this.#scheduled = false;
			if (this.#stopped === undefined) this.#takeBatch();
		});
	}

	#takeBatch(): void {
		const limit = this.#options.limits.batch_events;
		const waiting = this.#queue.splice(0, limit);
		const draft: Draft = {state: this.#state, events: [], commands: [], endedRuns: []};
		let refusals: Array<Refusal | undefined>;
		let placed: number;
		try {
			refusals = waiting.map(({event}) => stepChecked(draft, event));
			placed = this.#place(draft, limit);
			this.#commit(draft);
		} catch (error) {
			return this.#die(error, waiting);
		}
		for (const [index, {answer}] of waiting.entries()) answer(refusals[index]);
		for (const command of draft.commands) if (command.type !== 'record-run') this.#options.perform(command);
		try {
			this.#saveSnapshotIfDue();
		} catch (error) {
			return this.#die(error, []);
		}
		this.#setWake();
		if (this.#queue.length > 0 || placed === limit) this.#schedule();
	}

	#place(draft: Draft, limit: number): number {
		const placements = place(draft.state, this.#rooms.free(), limit);
		for (const {ref, session} of placements) {
			const refusal = stepChecked(draft, {type: 'attempt-assigned', at: this.#options.clock.now(), ref, session});
			if (refusal !== undefined) throw new Error(`the scheduler refuses its own placement: ${refusal.message}`);
			this.#rooms.set(session, (this.#rooms.get(session) ?? 0) - 1);
		}
		return placements.length;
	}

	#commit(draft: Draft): void {
		if (draft.events.length === 0) return;
		const {store, clock} = this.#options;
		const {state, events, endedRuns} = draft;
		const startedAt = clock.monotonic();
		this.#sequence = store.append({events, endedRuns});
		const change: Change = {before: this.#state, after: state, endedRuns, events, commitMs: clock.monotonic() - startedAt};
		this.#state = state;
		for (const {id} of state.sessions.goneSince(change.before.sessions)) this.#rooms.delete(id);
		for (const listener of this.#subscribers) listener(change);
	}

	#die(cause: unknown, waiting: readonly Waiting[]): void {
		const error = fatalError(cause);
		this.#stop(error);
		for (const {fail} of waiting) fail(error);
		this.#options.onFatal(error);
	}

	#saveSnapshotIfDue(): void {
		if (this.#sequence - this.#snapshotSequence < this.#options.limits.snapshot_events) return;
		this.#options.store.saveSnapshot(this.#sequence, this.#state);
		this.#snapshotSequence = this.#sequence;
	}

	#setWake(): void {
		this.#cancelWake?.();
		const at = wakeAt(this.#state);
		const {clock} = this.#options;
		this.#cancelWake = at === undefined ? undefined : clock.after(at - clock.now(), () => this.#submitTick());
	}

	#submitTick(): void {
		// A tick is never refused; it fails only when the engine stops, and then nobody waits for it.
		this.offer({type: 'ticked', at: this.#options.clock.now()}).catch(() => undefined);
	}
}

function fatalError(cause: unknown): ByoaiError {
	return cause instanceof ByoaiError ? cause : new ByoaiError('internal', `the engine broke: ${String(cause)}`, {cause});
}

function damagedJournal(part: string, cause: unknown): ByoaiError {
	const why = messageOf(cause);
	const advice = 'Restore byoai.db in the state directory from a backup, or move it away to begin anew; task logs stay where they are.';
	return new ByoaiError('unavailable', `the journal is damaged: ${part} makes no sense (${why}). ${advice}`, {cause});
}

function stepChecked(draft: Draft, event: Event): Refusal | undefined {
	const refusal = check(draft.state, event);
	if (refusal !== undefined) return refusal;
	const {state, commands} = step(draft.state, event);
	draft.state = state;
	draft.events.push(event);
	for (const command of commands) {
		draft.commands.push(command);
		if (command.type === 'record-run') draft.endedRuns.push(command.run);
	}
	return undefined;
}
