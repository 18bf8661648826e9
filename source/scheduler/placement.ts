import type {AttemptRef, SessionId} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import {lanesOf} from './lanes.ts';
import type {ReadyTask} from './ready-tasks.ts';
import {ReadyTasks} from './ready-tasks.ts';
import type {Candidate} from './selection.ts';
import {candidateOf} from './selection.ts';
import type {State} from './state.ts';
import {poolOfInstance} from './state.ts';

/** Where a ready task is to run. */
export type Placement = {readonly ref: AttemptRef; readonly session: SessionId};

/** Sessions that can take more attempts now, and how many. */
export type Rooms = Iterable<readonly [SessionId, number]>;

type Offer = {readonly candidate: Candidate; readonly session: SessionId; room: number};
/** Ready tasks of a run that ask for the same, and who may take them. */
type Line = {readonly offers: readonly Offer[]; readonly tasks: Iterator<ReadyTask, undefined>; next: ReadyTask | undefined};
type Turn = {
	readonly run: Run;
	/** What can be placed; absent before the run is looked at. */
	lines?: Set<Line>;
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
 * agents that fit, the one with the most room is taken, among equals the first of `rooms`.
 */
export function place(state: State, rooms: Rooms, limit: number): Placement[] {
	const turns = new Set(
		state.runs
			.values()
			.filter(({ready}) => ready.length > 0)
			.map(turnOf),
	);
	if (turns.size === 0) return [];
	const offers = offersOf(state, rooms);
	let room = offers.reduce((sum, offer) => sum + offer.room, 0);
	const placements: Placement[] = [];
	while (placements.length < limit && room > 0) {
		const turn = nextTurn(turns);
		if (turn === undefined) break;
		const placement = placeNext(turn, offers);
		if (placement === undefined) {
			turns.delete(turn);
			continue;
		}
		placements.push(placement);
		room--;
		turn.active++;
		turn.servedAt = state.now + placements.length;
	}
	return placements;
}

function turnOf(run: Run): Turn {
	const {active, servedAt = 0, workflow} = run;
	return {run, room: (workflow.maxParallel ?? Number.POSITIVE_INFINITY) - active, active, servedAt};
}

/** The lines of a run for which there is somebody. */
function linesOf(run: Run, offers: readonly Offer[]): Set<Line> {
	const [lanes, ready] = [lanesOf(run.workflow), ReadyTasks.of(run)];
	const fitting = new Map<number, Offer[]>();
	for (const offer of offers) {
		for (const lane of lanes.fitting(run, offer.candidate)) {
			const others = fitting.get(lane);
			if (others !== undefined) others.push(offer);
			else if (ready.lane(lane).length > 0) fitting.set(lane, [offer]);
		}
	}
	return new Set(
		fitting.entries().map(([lane, some]): Line => {
			const tasks = ready.lane(lane)[Symbol.iterator]();
			return {offers: some, tasks, next: tasks.next().value};
		}),
	);
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
		const most = candidate.pool === undefined ? room : roomOfInstance(state, agent);
		if (most > 0) offers.push({candidate, session, room: Math.min(room, most)});
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
function placeNext(turn: Turn, offers: readonly Offer[]): Placement | undefined {
	const {run} = turn;
	if (turn.room <= 0) return undefined;
	turn.lines ??= linesOf(run, offers);
	for (let line = firstLine(turn.lines); line?.next !== undefined; line = firstLine(turn.lines)) {
		const offer = roomiest(line.offers);
		if (offer === undefined) {
			turn.lines.delete(line);
			continue;
		}
		const {task} = line.next;
		line.next = line.tasks.next().value;
		offer.room--;
		turn.room--;
		const attempt = (run.tasks.at(task)?.attempts.length ?? 0) + 1;
		return {ref: {run: run.id, task, attempt}, session: offer.session};
	}
	return undefined;
}

/** The line whose next task became ready first. */
function firstLine(lines: Iterable<Line>): Line | undefined {
	let first: Line | undefined;
	for (const line of lines) {
		if (line.next !== undefined && line.next.turn < (first?.next?.turn ?? Number.POSITIVE_INFINITY)) first = line;
	}
	return first;
}

function roomiest(offers: readonly Offer[]): Offer | undefined {
	let best: Offer | undefined;
	for (const offer of offers) {
		if (offer.room > (best?.room ?? 0)) best = offer;
	}
	return best;
}
