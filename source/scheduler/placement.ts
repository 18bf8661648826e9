import type {AttemptRef, SessionId} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import type {Candidate} from './selection.ts';
import {candidateOf, selectorKey, selects} from './selection.ts';
import type {State} from './state.ts';
import {poolOfInstance} from './state.ts';

/** Where a ready task is to run. */
export type Placement = {readonly ref: AttemptRef; readonly session: SessionId};

/** For each session heard from: how many more attempts it can take now. */
export type Rooms = ReadonlyMap<SessionId, number>;

type Offer = Candidate & {readonly session: SessionId; room: number};
type Turn = {
	readonly run: Run;
	/** What is left of its ready tasks to look at. */
	readonly ready: Iterator<number>;
	/** What `max_parallel` leaves. */
	room: number;
	/** Tasks of the run that run already, or are placed now. */
	active: number;
	/** When it was last given a slot; those that got one just now come after all others. */
	servedAt: number;
};

/**
 * Gives ready tasks to sessions that have room. Runs share what there is: each slot goes to the run that has the fewest tasks running,
 * among equals to the one that has waited longest for a slot. Within a run tasks come in the order in which they became ready; among
 * agents that fit, the one with the most room is taken.
 */
export function place(state: State, rooms: Rooms, limit: number): Placement[] {
	const offers = offersOf(state, rooms);
	if (offers.length === 0) return [];
	const placements: Placement[] = [];
	const fitting = new Map<string, Offer[]>();
	const turns = new Set(
		state.runs
			.values()
			.filter(({ready}) => ready.length > 0)
			.map(turnOf),
	);
	while (placements.length < limit && offers.some(({room}) => room > 0)) {
		const turn = nextTurn(turns);
		if (turn === undefined) break;
		const placement = placeNext(turn, offers, fitting);
		if (placement === undefined) {
			turns.delete(turn);
			continue;
		}
		placements.push(placement);
		turn.active++;
		turn.servedAt = state.now + placements.length;
	}
	return placements;
}

function turnOf(run: Run): Turn {
	const {active, servedAt = 0, workflow} = run;
	return {run, ready: run.ready[Symbol.iterator](), room: (workflow.maxParallel ?? Number.POSITIVE_INFINITY) - active, active, servedAt};
}

function nextTurn(turns: Iterable<Turn>): Turn | undefined {
	let next: Turn | undefined;
	for (const turn of turns) {
		if (next === undefined || turn.active < next.active || (turn.active === next.active && turn.servedAt < next.servedAt)) next = turn;
	}
	return next;
}

function offersOf(state: State, rooms: Rooms): Offer[] {
	const offers: Offer[] = [];
	for (const [session, room] of rooms) {
		const agent = state.sessions.get(session)?.agent;
		if (room <= 0 || agent === undefined || state.agents.get(agent)?.draining === true) continue;
		const candidate = candidateOf(state, agent);
		if (candidate === undefined) continue;
		const most = roomOfInstance(state, agent);
		if (most > 0) offers.push({...candidate, session, room: Math.min(room, most)});
	}
	return offers;
}

/** An instance that is being stopped or drained takes nothing more, one of `lifetime: task` a single attempt. */
function roomOfInstance(state: State, agent: string): number {
	const pool = poolOfInstance(state, agent);
	const instance = pool?.instances.find(({name}) => name === agent);
	if (pool === undefined || instance === undefined) return Number.POSITIVE_INFINITY;
	if (instance.status === 'stopping' || instance.spent === true || pool.draining === true) return 0;
	return pool.spec.lifetime === 'task' ? 1 : Number.POSITIVE_INFINITY;
}

/** The next ready task that fits somewhere. */
function placeNext(turn: Turn, offers: readonly Offer[], fitting: Map<string, Offer[]>): Placement | undefined {
	const {run} = turn;
	if (turn.room <= 0) return undefined;
	for (let next = turn.ready.next(); next.done !== true; next = turn.ready.next()) {
		const task = next.value;
		const selector = run.workflow.tasks[task]?.agent;
		if (selector === undefined) continue;
		const key = `${run.id} ${selectorKey(selector)}`;
		const fits = fitting.get(key) ?? offers.filter(offer => selects(run, selector, offer));
		fitting.set(key, fits);
		const offer = roomiest(fits);
		if (offer === undefined) continue;
		offer.room--;
		turn.room--;
		const attempt = (run.tasks.at(task)?.attempts.length ?? 0) + 1;
		return {ref: {run: run.id, task, attempt}, session: offer.session};
	}
	return undefined;
}

function roomiest(offers: readonly Offer[]): Offer | undefined {
	let best: Offer | undefined;
	for (const offer of offers) {
		if (offer.room > (best?.room ?? 0)) best = offer;
	}
	return best;
}
