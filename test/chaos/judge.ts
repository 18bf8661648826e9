import {createHash} from 'node:crypto';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import type {ChaosTask} from './flow.ts';

/** What is wrong after a round. `lost`: a result or output; `doubled`: work done twice; `leaked`: something was left behind. */
export type Finding = {readonly kind: 'lost' | 'doubled' | 'leaked'; readonly what: string};

/** One line of the tasks' own notes. */
export type Note = {readonly run: string; readonly task: string; readonly attempt: number; readonly what: string};

/** An attempt as the history has it. */
export type Recorded = {readonly attempt: number; readonly status: string; readonly logBytes: number};

/** What a round left, read from files alone. Nothing of the product is used here. */
export type Evidence = {
	readonly runs: ReadonlyArray<{readonly id: string; readonly status: string}>;
	readonly notes: readonly Note[];
	/** By the task's name, in order. */
	readonly attempts: ReadonlyMap<string, readonly Recorded[]>;
	/** The kept output of an attempt; empty where there is no file. */
	readonly log: (task: string, attempt: number) => Buffer;
};

/** Reads what is in a round's directory once nothing of it runs any more. */
export function readEvidence(state: string, ledger: string, tasks: readonly ChaosTask[]): Evidence {
	const database = new DatabaseSync(join(state, 'byoai.db'), {readOnly: true});
	try {
		const runs = database.prepare("SELECT id, status FROM runs WHERE workflow = 'chaos'").all();
		const ids = runs.map(({id}) => String(id));
		const rows = database
			.prepare('SELECT name, attempt, status, log_bytes FROM attempts WHERE run = ? ORDER BY task, attempt')
			.all(ids[0] ?? '');
		const attempts = new Map<string, Recorded[]>(tasks.map(({name}) => [name, []]));
		for (const {name, attempt, status, log_bytes} of rows) {
			attempts.get(String(name))?.push({attempt: Number(attempt), status: String(status), logBytes: Number(log_bytes ?? 0)});
		}
		const numbers = new Map(tasks.map(({name}, index) => [name, index]));
		return {
			runs: runs.map(({id, status}) => ({id: String(id), status: String(status)})),
			notes: readNotes(ledger),
			attempts,
			log(task, attempt) {
				const path = join(state, 'logs', ids[0] ?? '', `${numbers.get(task)}.${attempt}.log`);
				return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
			},
		};
	} finally {
		database.close();
	}
}

/** All that is wrong with the results. */
export function judge(evidence: Evidence, tasks: readonly ChaosTask[]): readonly Finding[] {
	const [run] = evidence.runs;
	if (run === undefined) return [{kind: 'lost', what: 'the history has no run'}];
	const findings: Finding[] = [];
	if (evidence.runs.length > 1) findings.push({kind: 'doubled', what: `the history has ${evidence.runs.length} runs`});
	if (run.status !== 'succeeded') findings.push({kind: 'lost', what: `the run is ${run.status}`});
	for (const {run: of, task} of evidence.notes) {
		if (of !== run.id) findings.push({kind: 'doubled', what: `${task} ran for run ${of}, which the history does not have`});
	}
	for (const task of tasks) findings.push(...judgeTask(evidence, task));
	return findings;
}

function judgeTask(evidence: Evidence, task: ChaosTask): readonly Finding[] {
	const recorded = evidence.attempts.get(task.name) ?? [];
	const notes = evidence.notes.filter(note => note.task === task.name);
	return [...judgeRecord(recorded, task), ...judgeNotes(recorded, notes, task), ...judgeLogs(evidence, recorded, task)];
}

/** The attempts in the history: those before the last failed as they should or were lost, and the last one ended as it should. */
function judgeRecord(recorded: readonly Recorded[], {name, ends, failsBelow = 1}: ChaosTask): readonly Finding[] {
	const findings: Finding[] = [];
	const last = recorded.at(-1);
	if (last?.status !== ends) findings.push({kind: 'lost', what: `${name} ended as ${last?.status ?? 'nothing'}, not as ${ends}`});
	for (const {attempt, status} of recorded.slice(0, -1)) {
		const mayBe = attempt < failsBelow ? ['failed', 'lost'] : ['lost'];
		if (!mayBe.includes(status)) findings.push({kind: 'doubled', what: `attempt ${attempt} of ${name} is ${status}, and yet not its last`});
	}
	return findings;
}

/** What the tasks say themselves: each attempt began once at most, one after the other, and those with a result ran to their end. */
function judgeNotes(recorded: readonly Recorded[], notes: readonly Note[], {name}: ChaosTask): readonly Finding[] {
	const findings: Finding[] = [];
	const count = (attempt: number, what: string) => notes.filter(note => note.attempt === attempt && note.what === what).length;
	let newest = 0;
	for (const {attempt} of notes) {
		if (attempt < newest)
			findings.push({kind: 'doubled', what: `attempt ${attempt} of ${name} still ran after attempt ${newest} had begun`});
		newest = Math.max(newest, attempt);
	}
	for (const attempt of new Set(notes.map(note => note.attempt))) {
		if (count(attempt, 'start') > 1)
			findings.push({kind: 'doubled', what: `attempt ${attempt} of ${name} began ${count(attempt, 'start')} times`});
		if (count(attempt, 'end') > 1)
			findings.push({kind: 'doubled', what: `attempt ${attempt} of ${name} ended ${count(attempt, 'end')} times`});
		if (!recorded.some(one => one.attempt === attempt)) {
			findings.push({kind: 'doubled', what: `attempt ${attempt} of ${name} ran, and the history does not have it`});
		}
	}
	for (const {attempt, status} of recorded) {
		const expected = {succeeded: [1, 1], failed: [1, 0], timed_out: [1, 0]}[status];
		if (expected === undefined) continue;
		const found = [count(attempt, 'start'), count(attempt, 'end')];
		if (String(found) !== String(expected)) {
			findings.push({kind: 'lost', what: `attempt ${attempt} of ${name} is ${status} and noted ${found[0]} starts and ${found[1]} ends`});
		}
	}
	return findings;
}

/** The output: whole, byte for byte, of what has a result, and a beginning of it of what was lost. */
function judgeLogs(
	evidence: Evidence,
	recorded: readonly Recorded[],
	{name, output, ends, mayBeCut = false}: ChaosTask,
): readonly Finding[] {
	const expected = Buffer.from(output);
	return recorded.flatMap(({attempt, status, logBytes}): Finding[] => {
		const kept = evidence.log(name, attempt);
		const isWhole = status === ends || status === 'failed';
		const wanted = isWhole && !mayBeCut ? expected : expected.subarray(0, kept.length);
		const said = `the log of attempt ${attempt} of ${name} (${status})`;
		if (sha256(kept) !== sha256(wanted)) {
			return [
				{kind: 'lost', what: `${said} has ${kept.length} bytes, sha256 ${sha256(kept)}, instead of ${wanted.length}, ${sha256(wanted)}`},
			];
		}
		return isWhole && logBytes !== kept.length
			? [{kind: 'lost', what: `${said} has ${kept.length} bytes, and the history says ${logBytes}`}]
			: [];
	});
}

function sha256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}

function readNotes(ledger: string): readonly Note[] {
	if (!existsSync(ledger)) return [];
	const lines = readFileSync(ledger, 'utf8').split('\n').slice(0, -1);
	return lines.map(line => {
		const [run = '', task = '', attempt = '', what = ''] = line.split(' ');
		return {run, task, attempt: Number(attempt), what};
	});
}

/** What a state directory may hold when no orchestrator has it. */
const ownFiles: ReadonlySet<string> = new Set(['byoai.db', 'id', 'key', 'lock', 'logs', 'instances', 'kubernetes-places.json']);

/** Files that nobody needs any more. */
export function leftFiles(state: string, temporary: string): readonly Finding[] {
	const left = [
		...readdirSync(state).filter(name => !ownFiles.has(name)),
		...readdirSync(join(state, 'instances')).map(name => `instances/${name}`),
		...readdirSync(join(state, 'logs'), {recursive: true, encoding: 'utf8'})
			.filter(name => !/^[a-z0-9]+(\/\d+\.\d+\.(log|idx))?$/.test(name))
			.map(name => `logs/${name}`),
		...readdirSync(temporary).map(name => `temporary file ${name}`),
	];
	return left.map(what => ({kind: 'leaked', what}));
}

/** Sockets in the file system under `directory` that somebody has open. */
export function leftSockets(directory: string): readonly Finding[] {
	const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
	return lines.filter(line => line.includes(directory)).map(line => ({kind: 'leaked', what: `socket ${line.split(' ').at(-1)}`}));
}
