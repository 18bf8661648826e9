import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {openStore} from '../../source/store/sqlite.ts';
import {CommitCount} from '../chaos/commits.ts';
import type {ChaosTask} from '../chaos/flow.ts';
import type {Evidence, Note} from '../chaos/judge.ts';
import {judge, leftFiles} from '../chaos/judge.ts';
import {planRound} from '../chaos/plan.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const build: ChaosTask = {name: 'build', needs: [], script: '', output: 'one\ntwo\n', ends: 'succeeded'};
const hang: ChaosTask = {name: 'hang', needs: [], script: '', output: 'stays\n', ends: 'timed_out'};
const flaky: ChaosTask = {name: 'flaky', needs: [], script: '', output: 'tries\n', ends: 'succeeded', failsBelow: 2};
const tasks = [build, hang, flaky];

const note = (task: string, attempt: number, what: string, run = 'r1'): Note => ({run, task, attempt, what});

/** A run as it should be: `build` lost its first attempt in the midst of its output. */
function sound(): {-readonly [Key in keyof Evidence]: Evidence[Key]} {
	const logs: Readonly<Record<string, string>> = {
		'build.1': 'one\n',
		'build.2': build.output,
		'hang.1': hang.output,
		'flaky.1': flaky.output,
		'flaky.2': flaky.output,
	};
	return {
		runs: [{id: 'r1', status: 'succeeded'}],
		notes: [
			...[note('build', 1, 'start'), note('hang', 1, 'start'), note('flaky', 1, 'start'), note('build', 2, 'start')],
			...[note('flaky', 2, 'start'), note('build', 2, 'end'), note('flaky', 2, 'end')],
		],
		attempts: new Map([
			['build', [recorded(1, 'lost', 0), recorded(2, 'succeeded', 8)]],
			['hang', [recorded(1, 'timed_out', 6)]],
			['flaky', [recorded(1, 'failed', 6), recorded(2, 'succeeded', 6)]],
		]),
		log: (task, attempt) => Buffer.from(logs[`${task}.${attempt}`] ?? ''),
	};
}

function recorded(attempt: number, status: string, logBytes: number) {
	return {attempt, status, logBytes};
}

test('a run as it should be is not complained of', () => {
	expect(judge(sound(), tasks)).toEqual([]);
});

const faults: ReadonlyArray<readonly [kind: string, what: string, change: (evidence: ReturnType<typeof sound>) => void]> = [
	['lost', 'the history has no run', evidence => (evidence.runs = [])],
	['lost', 'the run is failed', evidence => (evidence.runs = [{id: 'r1', status: 'failed'}])],
	['doubled', 'the history has 2 runs', evidence => (evidence.runs = [...evidence.runs, {id: 'r2', status: 'succeeded'}])],
	['doubled', 'build ran for run r9', evidence => (evidence.notes = [...evidence.notes, note('build', 2, 'start', 'r9')])],
	['doubled', 'attempt 2 of build began 2 times', evidence => (evidence.notes = [...evidence.notes, note('build', 2, 'start')])],
	['doubled', 'attempt 2 of build ended 2 times', evidence => (evidence.notes = [...evidence.notes, note('build', 2, 'end')])],
	[
		'doubled',
		'attempt 1 of build still ran after attempt 2 had begun',
		evidence => (evidence.notes = [...evidence.notes, note('build', 1, 'end')]),
	],
	[
		'doubled',
		'attempt 3 of build ran, and the history does not have it',
		evidence => (evidence.notes = [...evidence.notes, note('build', 3, 'start')]),
	],
	['lost', 'attempt 2 of build is succeeded and noted 1 starts and 0 ends', evidence => (evidence.notes = evidence.notes.slice(0, 5))],
	['lost', 'hang ended as nothing', evidence => (evidence.attempts = new Map([...evidence.attempts, ['hang', []]]))],
	['doubled', 'attempt 1 of build is succeeded, and yet not its last', evidence => (evidence.attempts = withBuild(evidence, 'succeeded'))],
	['doubled', 'attempt 1 of build is failed, and yet not its last', evidence => (evidence.attempts = withBuild(evidence, 'failed'))],
	['lost', 'the log of attempt 2 of build (succeeded) has 4 bytes', evidence => (evidence.log = replaced(evidence, 'build', 'one\n'))],
	['lost', 'the log of attempt 1 of hang (timed_out) has 6 bytes', evidence => (evidence.log = replaced(evidence, 'hang', 'sTays\n'))],
];

function withBuild(evidence: Evidence, status: string): Evidence['attempts'] {
	return new Map([...evidence.attempts, ['build', [recorded(1, status, 4), recorded(2, 'succeeded', 8)]]]);
}

function replaced(evidence: Evidence, task: string, text: string): Evidence['log'] {
	const {log} = evidence;
	return (of, attempt) => (of === task ? Buffer.from(text) : log(of, attempt));
}

test.each(faults)('%s: %s', (kind, what, change) => {
	const evidence = sound();
	change(evidence);
	expect(judge(evidence, tasks)).toContainEqual({kind, what: expect.stringContaining(what)});
});

test('files that nobody needs any more are named', () => {
	const [state, temporary] = [temporaryDirectory(), temporaryDirectory()];
	for (const path of ['instances', 'logs/r1']) mkdirSync(join(state, path), {recursive: true});
	for (const name of ['id', 'key', 'lock', 'byoai.db', 'logs/r1/0.1.log', 'logs/r1/0.1.idx']) writeFileSync(join(state, name), '');
	expect(leftFiles(state, temporary)).toEqual([]);
	for (const name of ['endpoint', 'byoai.db-wal', 'logs/r1/0.1.new', 'instances/crew']) writeFileSync(join(state, name), '');
	writeFileSync(join(temporary, 'x'), '');
	expect(
		leftFiles(state, temporary)
			.map(({what}) => what)
			.sort(),
	).toEqual(['byoai.db-wal', 'endpoint', 'instances/crew', 'logs/r1/0.1.new', 'temporary file x'].sort());
});

test('commits are counted from outside, one for each', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	const store = openStore(path);
	const count = new CommitCount(path);
	const before = count.now();
	for (const at of [1, 2, 3])
		store.append({
			events: [
				{type: 'ticked', at},
				{type: 'ticked', at},
			],
			endedRuns: [],
		});
	expect(count.now()).toBe(before + 3);
	store.close();
});

test('a seed and a round always make the same plan, and rounds in a row sweep through the commits', () => {
	for (const where of ['local', 'docker', 'engine', 'kubernetes'] as const) {
		for (let round = 0; round < 40; round++) expect(planRound(3, round, where)).toEqual(planRound(3, round, where));
	}
	const swept = Array.from({length: 8 * 48}, (_, round) => planRound(1, round, 'local')).flatMap(({name, faults: [first]}) =>
		/^after commit \d+$/.test(name) && first !== undefined && 'commits' in first.at ? [first.at.commits] : [],
	);
	expect(new Set(swept).size).toBe(48);
});
