import {describe, expect, test} from 'vitest';
import {RunStory} from '../../source/commands/log-view/story.ts';
import {WaitingReasons} from '../../source/commands/log-view/waiting-reasons.ts';
import {agentRow, logLine, runDetail, runId, runRow, taskDetail, taskRow} from '../helpers/rows.ts';

const failed = {status: 'failed', exitCode: 1} as const;

describe('tasks', () => {
	test('an end is told once, whatever rows come again', () => {
		const story = new RunStory(runId, 2);
		const ended = taskRow({status: 'succeeded', attempt: 1});
		expect(story.change({tasks: [taskRow({status: 'running', attempt: 1})]}, 0)).toEqual([]);
		expect(story.change({tasks: [ended]}, 1)).toEqual([{kind: 'ended', task: ended}]);
		expect(story.change({tasks: [ended]}, 2)).toEqual([]);
	});

	test('tasks of other runs, and the only task of a run, are not', () => {
		const other = taskRow({run: 'r1111111111b', status: 'failed'});
		expect(new RunStory(runId, 2).change({tasks: [other]}, 0)).toEqual([]);
		expect(new RunStory(runId, 1).change({tasks: [taskRow({status: 'failed'})]}, 0)).toEqual([]);
	});

	test('another attempt is told once: by its wait, or when it runs already', () => {
		const story = new RunStory(runId, 1);
		const waits = taskRow({status: 'waiting', attempt: 1, outcome: failed, retryAt: 3000});
		expect(story.change({tasks: [waits]}, 1000)).toEqual([{kind: 'again', task: waits, inMs: 2000}]);
		expect(story.change({tasks: [taskRow({status: 'ready', attempt: 1, outcome: failed})]}, 3000)).toEqual([]);
		expect(story.change({tasks: [taskRow({status: 'running', attempt: 2})]}, 3001)).toEqual([]);
		const third = taskRow({status: 'running', attempt: 3});
		expect(story.change({tasks: [third]}, 4000)).toEqual([{kind: 'again', task: third}]);
	});

	test('a first attempt that was begun before is not another', () => {
		expect(new RunStory(runId, 1).change({tasks: [taskRow({status: 'running', attempt: 1})]}, 0)).toEqual([]);
	});

	test('one that runs without a word is mentioned after a while, once', () => {
		const story = new RunStory(runId, 3);
		const [quiet, chatty] = [taskRow({status: 'running', attempt: 1}), taskRow({task: 1, status: 'running', attempt: 1})];
		story.line(logLine({task: 1}));
		story.change({tasks: [quiet, chatty]}, 0);
		expect(story.tick(1999)).toEqual([]);
		expect(story.tick(2000)).toEqual([{kind: 'quiet', task: quiet}]);
		expect(story.tick(9000)).toEqual([]);
		const next = taskRow({task: 1, status: 'running', attempt: 2});
		story.change({tasks: [next]}, 10_000);
		expect(story.tick(12_000)).toEqual([{kind: 'quiet', task: next}]);
	});

	test('one whose own instance takes long to start is told of, and is quiet only after that', () => {
		const story = new RunStory(runId, 2);
		const starting = (text: string) => taskRow({status: 'running', attempt: 1, starting: text});
		story.change({tasks: [taskRow({status: 'running', attempt: 1})]}, 0);
		expect(story.change({tasks: [starting('10 %')]}, 1500)).toEqual([{kind: 'starting', task: starting('10 %')}]);
		expect(story.change({tasks: [starting('10 %')]}, 1600)).toEqual([]);
		expect(story.tick(9000)).toEqual([]);
		story.change({tasks: [taskRow({status: 'running', attempt: 1})]}, 9000);
		expect(story.tick(10_900)).toEqual([]);
		expect(story.tick(11_000)).toMatchObject([{kind: 'quiet'}]);
	});

	test('the last ten lines of the newest attempt are kept until it succeeds', () => {
		const story = new RunStory(runId, 2);
		for (let number = 1; number <= 12; number++) story.line(logLine({text: `${number}`}));
		expect(story.tail(0)).toEqual(['3', '4', '5', '6', '7', '8', '9', '10', '11', '12']);
		story.line(logLine({attempt: 2, text: 'again'}));
		expect(story.tail(0)).toEqual(['again']);
		story.change({tasks: [taskRow({status: 'succeeded', attempt: 2})]}, 0);
		expect(story.tail(0)).toEqual([]);
	});
});

test('of very many tasks only failures are told, and how far the run is', () => {
	const story = new RunStory(runId, 10_000);
	const bad = taskRow({task: 1, status: 'failed'});
	expect(story.change({runs: [runRow()], tasks: [taskRow({status: 'succeeded'}), bad, taskRow({task: 2, status: 'skipped'})]}, 0)).toEqual([
		{kind: 'ended', task: bad},
	]);
	story.change({tasks: [taskRow({task: 3, status: 'running', attempt: 1})]}, 0);
	expect(story.tick(1000)).toEqual([]);
	expect(story.tick(5999)).toEqual([]);
	expect(story.tick(6000)).toEqual([{kind: 'progress', counts: runRow().counts}]);
	expect(story.tick(6100)).toEqual([]);
});

describe('agents', () => {
	const own = {id: `builder~${runId}`, run: runId};

	test('those of the run: starting, online, and lost if that lasts', () => {
		const story = new RunStory(runId, 2);
		const kinds = (status: 'starting' | 'online' | 'lost', now: number) =>
			story.change({agents: [agentRow({...own, status})]}, now).map(notice => 'status' in notice && notice.status);
		expect(kinds('starting', 0)).toEqual(['starting']);
		expect(kinds('lost', 10)).toEqual([]);
		expect(kinds('online', 20)).toEqual(['online']);
		expect(story.tick(8000)).toEqual([]);
		expect(kinds('lost', 9000)).toEqual([]);
		expect(story.tick(14_999)).toEqual([]);
		expect(story.tick(15_000)).toEqual([{kind: 'agent', agent: own.id, status: 'lost'}]);
		expect(story.tick(20_000)).toEqual([]);
		expect(kinds('online', 20_500)).toEqual(['online']);
	});

	test('local-agent comes and goes unmentioned, strangers too', () => {
		const story = new RunStory(runId, 2);
		story.change({tasks: [taskRow({status: 'running', attempt: 1, agent: 'local-agent'})]}, 0);
		for (const status of ['starting', 'online', 'draining'] as const) {
			expect(story.change({agents: [agentRow({id: 'local-agent', status}), agentRow({id: 'stranger', status})]}, 0)).toEqual([]);
		}
	});

	test('how far one is, each count only where it is not seen otherwise', () => {
		const rows = ['pulling its image', 'pulling 10 %', 'pulling 20 %', 'its container is starting'];
		const told = (isLive: boolean) => {
			const story = new RunStory(runId, 2, {isLive});
			return rows.flatMap((starting, at) => story.change({agents: [agentRow({...own, status: 'starting', starting})]}, at * 1000));
		};
		const of = (starting: string) => ({kind: 'agent', agent: own.id, status: 'starting', starting});
		expect(told(false)).toEqual([of('pulling its image'), of('pulling 10 %'), of('its container is starting')]);
		expect(told(true)).toEqual([of('pulling its image'), of('its container is starting')]);
	});

	test('why one cannot serve is told', () => {
		const story = new RunStory(runId, 2);
		expect(story.change({agents: [agentRow({...own, status: 'starting', problem: 'no such image'})]}, 0)).toEqual([
			{kind: 'agent', agent: own.id, status: 'starting', problem: 'no such image'},
		]);
	});
});

test('that a run is being stopped is told with its reason, once', () => {
	const story = new RunStory(runId, 2);
	const stopping = runRow({status: 'cancelling', reason: 'task build failed'});
	expect(story.change({runs: [runRow()]}, 0)).toEqual([]);
	expect(story.change({runs: [stopping]}, 0)).toEqual([{kind: 'stopping', reason: 'task build failed'}]);
	expect(story.change({runs: [stopping]}, 0)).toEqual([]);
});

test('a task that stays ready is worth a question', () => {
	const story = new RunStory(runId, 2);
	story.change({tasks: [taskRow({status: 'ready'})]}, 0);
	expect(story.isStuck(1999)).toBe(false);
	story.change({tasks: [taskRow({status: 'ready'})]}, 1500);
	expect(story.isStuck(2000)).toBe(true);
	story.change({tasks: [taskRow({status: 'running', attempt: 1})]}, 2500);
	expect(story.isStuck(9000)).toBe(false);
});

test('each reason to wait is told once, for all the tasks that have it', () => {
	const reasons = new WaitingReasons();
	const ready = (task: number, waiting: string) => taskDetail({task, status: 'ready', attempt: 0, waiting});
	const first = [
		ready(0, 'gives up in 9 s'),
		ready(1, 'gives up in 8 s'),
		ready(2, 'no slot'),
		taskDetail({task: 3, status: 'blocked', waiting: 'x'}),
	];
	expect(reasons.news(runDetail({tasks: first}))).toEqual([
		{kind: 'waiting', task: 'task-0', others: 1, reason: 'gives up in 9 s'},
		{kind: 'waiting', task: 'task-2', others: 0, reason: 'no slot'},
	]);
	expect(reasons.news(runDetail({tasks: [ready(0, 'gives up in 5 s'), ready(4, 'something new')]}))).toEqual([
		{kind: 'waiting', task: 'task-4', others: 0, reason: 'something new'},
	]);
});
