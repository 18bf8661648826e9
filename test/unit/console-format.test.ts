import {describe, expect, test} from 'vitest';
import {formatAgent, formatAgents} from '../../source/commands/agents.ts';
import {ConsoleFormat} from '../../source/commands/log-view/format.ts';
import type {Notice} from '../../source/commands/log-view/story.ts';
import {formatSummary} from '../../source/commands/log-view/summary.ts';
import {formatRuns} from '../../source/commands/ps.ts';
import {createStyle} from '../../source/text/style.ts';
import {agentRow, logLine, runDetail, runId, runRow, taskDetail, taskRow} from '../helpers/rows.ts';

const uncoloured = {colour: false, unicode: true};
const plain = createStyle(uncoloured);
const ascii = createStyle({colour: false, unicode: false});
const at = new Date(2026, 0, 2, 3, 4, 5).getTime();

function formatOf(taskNames: readonly string[], style = plain) {
	return new ConsoleFormat({style, run: runId, taskNames});
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a colour is one
const colourCode = /\u001b\[(\d+)m[ab]/;

describe('lines of output', () => {
	test('time, task and text; names as wide as the widest, up to a bound', () => {
		const format = formatOf(['a', 'build']);
		expect(format.line(logLine({at, name: 'a', text: 'made'}))).toBe('03:04:05  a      made\n');
		const long = formatOf(['x'.repeat(50)]);
		expect(long.line(logLine({at, name: 'x'.repeat(50)}))).toBe(`03:04:05  ${'x'.repeat(23)}…  text\n`);
	});

	test('a narrow terminal leaves room for the text', () => {
		const narrow = formatOf(['x'.repeat(50)], createStyle({colour: false, unicode: true, columns: 80}));
		const line = logLine({at, name: 'x'.repeat(50), agent: 'y'.repeat(50)});
		expect(narrow.line(line)).toBe(`03:04:05  ${'y'.repeat(15)}…  ${'x'.repeat(15)}…  text\n`);
		const tiny = formatOf(['x'.repeat(50)], createStyle({colour: false, unicode: true, columns: 10}));
		expect(tiny.line(line)).toBe('03:04:05  yyyyyyy…  xxxxxxx…  text\n');
	});

	test('the agent is named once there is another than local-agent, without its run', () => {
		const format = formatOf(['a']);
		expect(format.line(logLine({at, name: 'a'}))).toBe('03:04:05  a  text\n');
		expect(format.line(logLine({at, name: 'a', agent: `builder~${runId}~2`}))).toBe('03:04:05  builder~2  a  text\n');
		expect(format.line(logLine({at, name: 'a'}))).toBe('03:04:05  local-agent  a  text\n');
		expect(format.line(logLine({at, name: 'a', agent: 'far-away-builder'}))).toBe('03:04:05  far-away-builder  a  text\n');
		expect(format.line(logLine({at, name: 'a'}))).toBe('03:04:05  local-agent       a  text\n');
	});

	test('cut lines are marked, and nothing from a task steers the terminal', () => {
		const format = formatOf(['a\u001b[2J']);
		expect(format.line(logLine({at, name: 'a\u001b[2J', text: 'te\u001b[2Jxt', cut: true}))).toBe('03:04:05  a  text…\n');
	});

	test('among many runs each line names its own', () => {
		const format = new ConsoleFormat({style: plain, run: runId, manyRuns: true, taskNames: ['a']});
		expect(format.line(logLine({at, name: 'a'}))).toBe(`03:04:05  ${runId}  a  text\n`);
	});

	test('a task keeps its colour', () => {
		const format = formatOf(['a', 'b'], createStyle({colour: true, unicode: true}));
		const colours = [0, 1, 0].map(task => colourCode.exec(format.line(logLine({at, task, name: 'ab'[task] ?? ''})))?.[1]);
		expect(colours[0]).toBe(colours[2]);
		expect(colours[0]).not.toBe(colours[1]);
	});
});

describe('notices', () => {
	const ended = (row: Parameters<typeof taskRow>[0]): Notice => ({kind: 'ended', task: taskRow({attempt: 1, ...row})});
	test.each<[Notice, string]>([
		[ended({status: 'succeeded', outcome: {status: 'succeeded', exitCode: 0, durationMs: 1234}}), 'task-0  ✔ succeeded in 1.2 s'],
		[ended({status: 'failed', outcome: {status: 'failed', exitCode: 7, durationMs: 50}}), 'task-0  ✖ failed after 50 ms: exit 7'],
		[
			ended({status: 'failed', outcome: {status: 'failed', signal: 'SIGKILL', reason: 'out of memory', durationMs: 50}}),
			'task-0  ✖ failed after 50 ms: SIGKILL, out of memory',
		],
		[ended({status: 'failed', outcome: {status: 'timed_out', durationMs: 5000}}), 'task-0  ⏱ timed out after 5.0 s'],
		[ended({status: 'failed', attempt: 0, reason: 'no agent far'}), 'task-0  ✖ failed: no agent far'],
		[ended({status: 'skipped', attempt: 0, reason: 'needs build'}), 'task-0  ⤼ skipped: needs build'],
		[ended({status: 'cancelled', outcome: {status: 'cancelled', durationMs: 10}}), 'task-0  ⊘ cancelled after 10 ms'],
		[
			{kind: 'again', inMs: 2000, task: taskRow({status: 'waiting', attempt: 1, outcome: {status: 'failed', exitCode: 1}})},
			'task-0  ↻ tries again in 2.0 s (attempt 1 failed: exit 1)',
		],
		[
			{kind: 'again', task: taskRow({status: 'ready', attempt: 1, outcome: {status: 'lost', reason: 'not heard from'}})},
			'task-0  ↻ tries again (attempt 1 was lost: not heard from)',
		],
		[
			ended({
				status: 'cancelled',
				reason: 'cancelled by SIGINT',
				outcome: {status: 'cancelled', signal: 'SIGTERM', reason: 'stopped', durationMs: 10},
			}),
			'task-0  ⊘ cancelled by SIGINT after 10 ms',
		],
		[ended({status: 'cancelled', attempt: 0, reason: 'task build failed'}), 'task-0  ⊘ cancelled: task build failed'],
		[
			{
				kind: 'again',
				task: taskRow({
					status: 'ready',
					attempt: 1,
					outcome: {status: 'timed_out', signal: 'SIGTERM', reason: 'timed out after 0.7 s', durationMs: 700},
				}),
			},
			'task-0  ↻ tries again (attempt 1 timed out after 0.7 s)',
		],
		[
			{
				kind: 'again',
				task: taskRow({status: 'running', attempt: 2, before: {status: 'lost', reason: 'its container was removed by somebody else'}}),
			},
			'task-0  ↻ attempt 2: the one before was lost: its container was removed by somebody else',
		],
		[{kind: 'quiet', task: taskRow({status: 'running', attempt: 1})}, 'task-0  ▶ runs; no output so far'],
		[{kind: 'waiting', task: 'far', others: 2, reason: 'no agent'}, '… far and 2 other tasks wait: no agent'],
		[{kind: 'agent', agent: `b~${runId}`, status: 'lost'}, '✖ agent b is lost'],
		[{kind: 'agent', agent: 'b', status: 'starting'}, 'agent b is starting'],
		[{kind: 'agent', agent: 'b', status: 'starting', problem: 'no such image'}, '✖ agent b: no such image'],
		[{kind: 'agent', agent: 'b', status: 'starting', starting: 'pulling 4 %'}, '… agent b is starting: pulling 4 %'],
		[{kind: 'stopping', reason: 'build failed'}, '⊘ ending: build failed'],
		[
			{kind: 'progress', counts: {...runRow().counts, succeeded: 1200, running: 4, blocked: 2}},
			'1,200 of 1,206 tasks succeeded, 4 running, 2 blocked',
		],
	])('%j', (notice, text) => {
		expect(formatOf(['task-0']).notice(notice, at)).toBe(`03:04:05  ${text}\n`);
	});

	test('in ASCII where the locale is not UTF-8', () => {
		const format = formatOf(['a-long-name-of-a-task-that-is-cut'], ascii);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
		const isAscii = /^[\x00-\x7f]*$/;
		expect(format.notice(ended({status: 'skipped', name: 'a-long-name-of-a-task-that-is-cut'}), at)).toMatch(isAscii);
		expect(
			formatSummary(runDetail({status: 'failed', tasks: [taskDetail(), taskDetail({task: 1, status: 'failed'})]}), () => [], ascii),
		).toMatch(isAscii);
	});
});

describe('the summary', () => {
	const failedTask = (task: number) =>
		taskDetail({
			task,
			status: 'failed',
			agent: 'local-agent',
			attempts: [
				{number: 1, agent: 'local-agent', status: 'failed', assignedAt: 0, outcome: {status: 'failed', exitCode: 2, durationMs: 9}},
			],
		});

	test('of one task is one line, and what to do when it failed', () => {
		expect(formatSummary(runDetail({status: 'succeeded', endedAt: 1500}), () => ['x'], plain)).toBe(`✔ run ${runId} succeeded in 1.5 s\n`);
		expect(formatSummary(runDetail({status: 'failed', endedAt: 1500, tasks: [failedTask(0)]}), () => ['x'], plain)).toBe(
			`✖ run ${runId} failed after 1.5 s: exit 2\n  more: byoai logs ${runId} task-0\n`,
		);
	});

	test('says that a task timed out, also where its agent gives no reason', () => {
		const outcome = {status: 'timed_out' as const, signal: 'SIGKILL', durationMs: 9};
		const attempts = [{number: 1, agent: 'a', status: 'timed_out' as const, assignedAt: 0, outcome}];
		const run = runDetail({status: 'failed', endedAt: 10, tasks: [taskDetail({status: 'failed', attempts})]});
		expect(formatSummary(run, () => [], plain)).toContain('failed after 10 ms: timed out\n');
	});

	test('of one task says why that failed, not that it did', () => {
		const run = runDetail({status: 'failed', endedAt: 1500, reason: 'task task-0 failed', tasks: [failedTask(0)]});
		expect(formatSummary(run, () => [], plain)).toContain(`✖ run ${runId} failed after 1.5 s: exit 2\n`);
		const stopped = taskDetail({status: 'cancelled', reason: 'the run ended'});
		const late = runDetail({status: 'failed', endedAt: 1500, reason: 'its time is over', tasks: [stopped]});
		expect(formatSummary(late, () => [], plain)).toBe(`✖ run ${runId} failed after 1.5 s: its time is over\n`);
	});

	test('in a narrow terminal breaks reasons between words, and cuts them in the table', () => {
		const narrow = createStyle({colour: false, unicode: true, columns: 60});
		const reason = 'the image nowhere:latest is not on this host and cannot be pulled: look at its spelling';
		const tasks = [taskDetail({status: 'failed', name: 'build', reason}), taskDetail({task: 1})];
		const text = formatSummary(runDetail({status: 'failed', endedAt: 10, tasks}), () => [], narrow);
		expect(text).toContain('\n✖ build: the image nowhere:latest is not on this host and\n    cannot be pulled: look at its spelling\n');
		expect(text).toMatch(/^ {2}build .*…$/m);
		expect(text.split('\n').filter(line => line.length > 60)).toEqual([]);
		const alone = runDetail({status: 'failed', endedAt: 10, tasks: tasks.slice(0, 1)});
		expect(
			formatSummary(alone, () => [], narrow)
				.split('\n')
				.filter(line => line.length > 60),
		).toEqual([]);
	});

	test('of some tasks has the last lines of five failures, and a table', () => {
		const tasks = [taskDetail(), ...[1, 2, 3, 4, 5, 6].map(failedTask)];
		const text = formatSummary(runDetail({status: 'failed', endedAt: 10, tasks}), task => [`last of ${task}`], plain);
		expect(text.match(/last of \d/g)).toEqual(['last of 1', 'last of 2', 'last of 3', 'last of 4', 'last of 5']);
		expect(text).toContain('\n✖ task-1: exit 2\n    last of 1\n');
		expect(text).toMatch(/^ {2}task-6 {2}✖ failed {5}1 {9}local-agent {2}9 ms {2}exit 2$/m);
		expect(text).toContain('1 succeeded, 6 failed\n');
	});

	test('of many tasks has counts and the failed ones, no table', () => {
		const tasks = Array.from({length: 1000}, (_, task) => (task < 30 ? failedTask(task) : taskDetail({task})));
		const text = formatSummary(runDetail({status: 'failed', endedAt: 10, tasks}), () => [], plain);
		expect(text).not.toContain('ATTEMPTS');
		expect(text.match(/^✖ task-\d+: exit 2$/gm)).toHaveLength(25);
		expect(text).toContain('  and 5 more failed tasks\n');
		expect(text).toContain('970 succeeded, 30 failed\n');
	});

	test('a cancelled run says so once', () => {
		const tasks = [taskDetail({status: 'cancelled', reason: 'cancelled by SIGINT'}), taskDetail({task: 1})];
		const run = runDetail({status: 'cancelled', reason: 'cancelled by SIGINT', endedAt: 1500, tasks});
		expect(formatSummary(run, () => [], plain)).toMatch(/^⊘ run \w+ cancelled by SIGINT after 1\.5 s: [^;]*$/m);
		expect(formatSummary({...run, reason: 'timed out', tasks: tasks.slice(0, 1)}, () => [], plain)).toBe(
			`⊘ run ${runId} cancelled after 1.5 s: timed out\n`,
		);
	});

	test('a long name does not push the table aside', () => {
		const tasks = [taskDetail({name: '長'.repeat(50)}), taskDetail({task: 1})];
		const text = formatSummary(runDetail({tasks}), () => [], plain);
		expect(text).toMatch(/^ {2}TASK {38}STATUS/m);
		expect(text).toMatch(/^ {2}長{19}… {3}✔/m);
	});

	test('a name that a shell would take apart is quoted', () => {
		const task = {...failedTask(0), name: "it's $x"};
		expect(formatSummary(runDetail({status: 'failed', tasks: [task]}), () => [], plain)).toContain(`byoai logs ${runId} 'it'\\''s $x'\n`);
	});
});

test('the table of runs', () => {
	const runs = [
		runRow({id: 'r2', createdAt: 50_000, counts: {...runRow().counts, running: 1, succeeded: 2}}),
		runRow({
			id: 'r1',
			workflow: 'x\u001b[2J',
			status: 'failed',
			createdAt: 0,
			endedAt: 5000,
			counts: {...runRow().counts, failed: 1, skipped: 1},
		}),
	];
	expect(formatRuns(runs, {colour: false, unicode: true, now: 60_000})).toBe(
		[
			'RUN  WORKFLOW  STATUS     TASKS  STARTED     TIME',
			'r2   flow      ▶ running  2/3    10.0 s ago  10.0 s',
			'r1   x         ✖ failed   2/2    1 min ago   5.0 s',
			'',
		].join('\n'),
	);
});

test('the table of runs fits a terminal, as far as the names of workflows can be cut', () => {
	const runs = [runRow({id: 'r1', workflow: '漢'.repeat(30), status: 'failed', createdAt: 0, endedAt: 5000})];
	const table = (columns: number) => formatRuns(runs, {colour: false, unicode: true, columns, now: 60_000}).split('\n')[1];
	const others = (workflow: string) => `r1   ${workflow}  ✖ failed  0/0    1 min ago  5.0 s`;
	expect(table(200)).toBe(others('漢'.repeat(30)));
	expect(table(60)).toBe(others(`${'漢'.repeat(9)}… `));
	expect(table(20)).toBe(others('漢漢漢… '));
});

test('the table of agents is in the order of their names, and tells what troubles them', () => {
	const agents = [
		agentRow({id: 'b', used: 1, slots: 2, labels: {gpu: 'yes', os: 'linux'}}),
		agentRow({id: `a~${runId}`, run: runId, status: 'starting', problem: 'no such image'}),
	];
	expect(formatAgents(agents, uncoloured)).toBe(
		[
			'AGENT           TYPE   STATUS    SLOTS  RUN           LABELS            PROBLEM',
			'a~r0000000000a  local  starting  0/1    r0000000000a                    no such image',
			'b               local  online    1/2                  gpu=yes,os=linux',
			'',
		].join('\n'),
	);
	const problem = 'its image cannot be pulled, and the reason for that takes many words';
	const broken = [agentRow({id: 'b', status: 'lost', problem})];
	const narrow = formatAgents(broken, {...uncoloured, columns: 60})
		.trimEnd()
		.split('\n');
	expect(narrow[1]).toMatch(/^b +local +lost +0\/1 +its image .*…$/);
	expect(narrow.map(line => line.length).filter(length => length > 60)).toEqual([]);
	const whole = formatAgent({...agentRow({id: 'b', status: 'lost', problem}), attempts: []}, 0, 60);
	expect(whole.replaceAll(/\s+/g, ' ')).toContain(problem);
	expect(whole.split('\n').filter(line => line.length > 60)).toEqual([]);
	expect(formatAgents([agentRow({id: 'b'})], uncoloured)).toBe('AGENT  TYPE   STATUS  SLOTS\nb      local  online  0/1\n');
});

test('one agent, a fact a line', () => {
	const attempts = [
		{run: runId, task: 0, name: 'build', attempt: 1, assignedAt: 88_000},
		{run: runId, task: 1, name: 'test\u001b[2J', attempt: 2, assignedAt: 99_000},
	];
	const facts = {mode: 'push', url: 'http://10.0.0.7:5000', registeredAt: 40_000, lastSeenAt: 99_500, attempts} as const;
	const agent = {...agentRow({id: 'gpu', used: 2, slots: 2, labels: {gpu: 'yes', os: 'linux'}}), ...facts};
	expect(formatAgent(agent, 100_000)).toBe(
		[
			'agent gpu',
			'  type        local',
			'  status      online',
			'  slots       2, 2 in use',
			'  labels      gpu=yes os=linux',
			'  reached     dialled at http://10.0.0.7:5000',
			'  registered  1 min ago',
			'  last seen   500 ms ago',
			`  runs        build of run ${runId}, attempt 1, for 12.0 s`,
			`              test of run ${runId}, attempt 2, for 1.0 s`,
			'',
		].join('\n'),
	);
	const {mode: _, registeredAt: __, lastSeenAt: ___, url: ____, ...bare} = agent;
	const deployed = {...bare, status: 'starting', instance: 'pulling', problem: 'no such image', attempts: []} as const;
	expect(formatAgent(deployed, 0)).toMatch(/status +starting \(instance pulling\)\n +problem +no such image\n/);
	const late = {
		...bare,
		status: 'starting',
		attempts: [],
		starting: 'its container is starting',
		output: 'getting ready\n\u001b[2Jalmost',
	} as const;
	expect(formatAgent(late, 0)).toMatch(/ +starting +its container is starting\n[\s\S]* +printed +getting ready\n +almost\n/);
});
