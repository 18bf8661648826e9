import fc from 'fast-check';
import {expect, test} from 'vitest';
import type {AttemptRef, SessionId} from '../../source/model/ids.ts';
import type {Run} from '../../source/model/run.ts';
import type {AgentSelector} from '../../source/model/workflow.ts';
import {lanesOf} from '../../source/scheduler/lanes.ts';
import {place} from '../../source/scheduler/placement.ts';
import {ReadyTasks} from '../../source/scheduler/ready-tasks.ts';
import type {Candidate} from '../../source/scheduler/selection.ts';
import {candidateOf, selects} from '../../source/scheduler/selection.ts';
import type {State} from '../../source/scheduler/state.ts';
import {unserved, unservedLanes} from '../../source/scheduler/unserved.ts';
import {agentSpec, Play, task, workflow} from '../helpers/scheduling.ts';

const labels = fc.dictionary(fc.constantFrom('zone', 'gpu', 'os'), fc.constantFrom('a', 'b', 'c'), {maxKeys: 3});
const names = fc.constantFrom('local-agent', 'solo', 'own', 'kept', 'other', 'own~r1', 'own~r1~2', 'a~r2~2');
const selector: fc.Arbitrary<AgentSelector> = fc.oneof(
	labels.map(asked => ({labels: asked})),
	names.map(name => ({name})),
);
const selectors = fc.array(selector, {minLength: 1, maxLength: 40});

/** A run of tasks that ask for these, with an agent `own` of its own and one that stays, and agents that registered. */
function begun(asked: readonly AgentSelector[], agents: ReadonlyArray<Record<string, string>>, more: {agentTimeoutMs?: number} = {}): Play {
	const play = new Play();
	for (const [index, has] of agents.entries()) play.agent(index === 0 ? 'solo' : `agent${index}`, 3, has);
	const declared = [
		agentSpec('own', {type: 'docker', labels: {zone: 'a', os: 'b'}, replicas: 2}),
		agentSpec('kept', {lifetime: 'persistent', labels: {gpu: 'a'}}),
	];
	const tasks = asked.map((agent, index) => task(`t${index}`, {agent}));
	for (const run of ['r1', 'r2']) play.submit(workflow(tasks, {agents: declared, ...(run === 'r2' && {maxParallel: 3})}), {run, ...more});
	return play;
}

test('the lanes that are found for somebody are those whose selectors select them', () => {
	const candidate: fc.Arbitrary<Candidate> = fc.oneof(
		fc.record({agent: names, labels}),
		fc.record({agent: names, labels, pool: names}),
		fc.record({agent: names, labels, pool: names, run: fc.constantFrom('r1', 'r2')}),
	);
	fc.assert(
		fc.property(selectors, fc.array(candidate, {minLength: 1, maxLength: 20}), (asked, candidates) => {
			const run = begun(asked, []).run();
			const lanes = lanesOf(run.workflow);
			expect(asked.map((_, index) => lanes.selectors[lanes.ofTask[index] ?? -1])).toEqual(asked);
			for (const somebody of candidates) {
				const expected = lanes.selectors.flatMap((one, lane) => (selects(run, one, somebody) ? [lane] : []));
				expect(lanes.fitting(run, somebody).toSorted((a, b) => a - b)).toEqual(expected);
			}
		}),
	);
});

const acts = fc.array(
	fc.oneof(fc.record({add: fc.nat(59)}), fc.record({take: fc.nat(59)}), fc.record({keepOneOf: fc.integer({min: 1, max: 5})})),
);

test('ready tasks are what an array of them would be, in order and lane by lane, and what they were copied from stays', () => {
	fc.assert(
		fc.property(fc.array(selector, {minLength: 60, maxLength: 60}), acts, (asked, todo) => {
			const lanes = lanesOf(workflow(asked.map((agent, index) => task(`t${index}`, {agent}))));
			let [array, ready] = [[] as number[], ReadyTasks.from([], lanes)];
			for (const act of todo) {
				const [before, copy] = [ready, array];
				if ('add' in act) {
					if (array.includes(act.add)) continue;
					[array, ready] = [[...array, act.add], ready.concat([act.add], lanes)];
				} else if ('take' in act) {
					array = array.filter(index => index !== act.take);
					ready = ready.without(act.take, lanes.ofTask[act.take] ?? -1);
				} else {
					array = array.filter(index => index % act.keepOneOf === 0);
					ready = ready.filter(index => index % act.keepOneOf === 0);
				}
				expect([...before]).toEqual(copy);
				expect([...ready]).toEqual(array);
				expect(ready).toHaveLength(array.length);
				const some = lanes.selectors.flatMap((_, lane) => (lane % 2 === 0 ? [lane] : []));
				expect(ready.inLanes(some)).toEqual(array.filter(index => some.includes(lanes.ofTask[index] ?? -1)));
				expect(JSON.parse(JSON.stringify(ready))).toEqual(array);
				expect([...ReadyTasks.from(array, lanes)]).toEqual(array);
			}
		}),
	);
});

type Slot = {run: string; task: number; session: SessionId};

/** What `place` is to come to: run by run, task by task, agent by agent, each looked at in turn. */
function placedPlainly(state: State, rooms: ReadonlyMap<SessionId, number>, limit: number): Slot[] {
	const left = new Map(rooms);
	const turns = [...state.runs.values()].map((run, at) => ({
		run,
		ready: [...run.ready],
		active: run.active,
		servedAt: run.servedAt ?? 0,
		at,
	}));
	const placed: Slot[] = [];
	const best = (run: Run, index: number): SessionId | undefined => {
		const asked = run.workflow.tasks[index]?.agent;
		const fits = [...left].filter(([session, room]) => {
			const candidate = candidateOf(state, state.sessions.get(session)?.agent ?? '');
			return room > 0 && asked !== undefined && candidate !== undefined && selects(run, asked, candidate);
		});
		const most = Math.max(...fits.map(([, room]) => room));
		return fits.find(([, room]) => room === most)?.[0];
	};
	while (placed.length < limit) {
		const waiting = turns.filter(
			({run, ready, active}) => ready.length > 0 && active < (run.workflow.maxParallel ?? Number.POSITIVE_INFINITY),
		);
		const [turn] = waiting.sort((a, b) => a.active - b.active || a.servedAt - b.servedAt || a.at - b.at);
		if (turn === undefined) break;
		const index = turn.ready.shift() ?? -1;
		const session = best(turn.run, index);
		if (session === undefined) continue;
		left.set(session, (left.get(session) ?? 0) - 1);
		placed.push({run: turn.run.id, task: index, session});
		turn.active++;
		turn.servedAt = state.now + placed.length;
	}
	return placed;
}

test('tasks are placed as by a look at each of them in turn', () => {
	const agents = fc.array(labels, {minLength: 1, maxLength: 6});
	fc.assert(
		fc.property(
			selectors,
			agents,
			fc.array(fc.nat(3), {minLength: 6, maxLength: 6}),
			fc.integer({min: 1, max: 12}),
			(asked, has, room, limit) => {
				const play = begun(asked, has);
				for (let round = 0; round < 3; round++) {
					const sessions = [...play.state.sessions.keys()];
					const rooms = new Map(sessions.map((session, index) => [session, room[(index + round) % 6] ?? 0]));
					const placements = place(play.state, rooms, limit);
					const slots = placements.map(({ref, session}): Slot => ({run: ref.run, task: ref.task, session}));
					expect(slots).toEqual(placedPlainly(play.state, rooms, limit));
					const refs: AttemptRef[] = placements.map(({ref}) => ref);
					for (const [at, ref] of refs.entries()) {
						const session = placements[at]?.session ?? '';
						play.event({type: 'attempt-assigned', at: play.now, ref, session});
						if (at % 2 === 0)
							play.event({type: 'attempt-finished', at: play.now, ref, session, outcome: {status: 'succeeded'}, logBytes: 0});
					}
				}
			},
		),
		{numRuns: 200},
	);
});

test('lanes that nobody serves are those that nobody serves when each is looked at', () => {
	const agents = fc.array(labels, {maxLength: 4});
	fc.assert(
		fc.property(selectors, agents, fc.boolean(), fc.array(fc.nat(3), {maxLength: 3}), (asked, has, breaks, lost) => {
			const play = begun(asked, has, {agentTimeoutMs: 60_000});
			const compare = () => {
				for (const run of play.state.runs.values()) {
					const expected = lanesOf(run.workflow).selectors.flatMap((one, lane) => {
						const verdict = unserved(play.state, run, one);
						return verdict === undefined ? [] : [[lane, verdict.cause]];
					});
					expect([...unservedLanes(play.state, run)].sort(([a], [b]) => a - b)).toEqual(expected);
				}
			};
			compare();
			if (breaks && 'own~r1' in play.state.pools) {
				const end = {cause: 'no such image', isFinal: true as const};
				play.event({type: 'instance-failed', at: play.now, instance: 'own~r1', end});
				compare();
			}
			for (const at of lost) {
				const session = [...play.state.sessions.keys()][at];
				if (session === undefined) continue;
				play.event({type: 'session-lost', at: play.now, session, cause: 'gone'});
				compare();
			}
			// The same agent, with other labels.
			const agent = {name: 'solo', type: 'test', mode: 'pull' as const, slots: 1, labels: {zone: 'c'}};
			play.event({type: 'agent-registered', at: play.now, agent});
			compare();
		}),
	);
});
