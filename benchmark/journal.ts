import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import type {Event} from '../source/model/event.ts';
import {defaultLimits} from '../source/model/limits.ts';
import {encode} from '../source/store/codec.ts';
import {openStore} from '../source/store/sqlite.ts';
import {assigned, finished} from '../test/helpers/live-engine.ts';

/**
 * Journal events a second, each commit on the disk before the next: the product's store as it is, beside plain SQLite in the same process and
 * run, with the same pragmas, the same table, a prepared statement and one transaction a batch. Only the ratio means anything: what a commit
 * costs is the disk's own.
 *
 *     node benchmark/journal.ts [seconds] [directory]
 *
 * `seconds`: for each size of batch; the two take turns, commit by commit. `directory`: on the disk to be measured. Plain SQLite is given its rows
 * ready-made, so that what the product pays for making JSON of its events counts against it.
 */
const seconds = Number(process.argv[2] ?? 5);
const directory = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'byoai-journal-'));
/** Events in one commit: alone, as from a few agents at once, as from many, and as many as there may be. */
const batches = [1, 10, 100, defaultLimits.batch_events];

/** What a run's journal is made of: attempts that are given out and end. */
const events: readonly Event[] = Array.from({length: defaultLimits.batch_events}, (_, index) =>
	index % 2 === 0
		? assigned('s0d4k2m8x6q1', 'r0cygynllpf8', index)
		: finished('s0d4k2m8x6q1', 'r0cygynllpf8', {task: index - 1, logBytes: 4096}),
);
const texts = events.map(encode);

type Journal = {
	/** One commit of so many events. */
	readonly append: (count: number) => void;
	readonly close: () => void;
};

function product(file: string): Journal {
	const store = openStore(file);
	return {append: count => void store.append({events: events.slice(0, count), endedRuns: []}), close: () => store.close()};
}

/** As somebody would write it who wants only that the rows are on the disk; the pragmas are those of source/store/sqlite-file.ts. */
function plain(file: string): Journal {
	const database = new DatabaseSync(file);
	database.exec('PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL');
	database.exec('CREATE TABLE journal (sequence INTEGER PRIMARY KEY, event TEXT NOT NULL) STRICT');
	const [begin, commit] = [database.prepare('BEGIN IMMEDIATE'), database.prepare('COMMIT')];
	const insert = database.prepare('INSERT INTO journal (sequence, event) VALUES (?, ?)');
	let last = 0;
	const append = (count: number) => {
		begin.run();
		for (let index = 0; index < count; index++) insert.run(++last, texts[index] ?? '');
		commit.run();
	};
	return {append, close: () => database.close()};
}

/** What so many commits took. */
class Taken {
	readonly #commits: number[] = [];
	#ms = 0;
	#cpuMicros = 0;

	time(work: () => void): number {
		const [begun, used] = [performance.now(), process.cpuUsage()];
		work();
		const {user, system} = process.cpuUsage(used);
		const ms = performance.now() - begun;
		this.#commits.push(ms);
		this.#ms += ms;
		this.#cpuMicros += user + system;
		return ms;
	}

	/** Events a second. */
	rate(batch: number): number {
		return (this.#commits.length * batch) / (this.#ms / 1000);
	}

	toString(batch: number): string {
		const sorted = this.#commits.toSorted((a, b) => a - b);
		const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(2);
		const cpu = (this.#cpuMicros / (sorted.length * batch)).toFixed(1);
		return `${this.rate(batch).toFixed(0).padStart(7)} a second (a commit: median ${at(0.5)} ms, p99 ${at(0.99)}; an event: ${cpu} µs of processor)`;
	}
}

function compare(batch: number): void {
	const [own, bare] = [product(join(directory, `product-${batch}.db`)), plain(join(directory, `plain-${batch}.db`))];
	const [ours, theirs] = [new Taken(), new Taken()];
	for (let [turn, passed] = [0, 0]; passed < seconds * 1000; turn++) {
		const first = turn % 2 === 0;
		if (first) passed += ours.time(() => own.append(batch));
		passed += theirs.time(() => bare.append(batch));
		if (!first) passed += ours.time(() => own.append(batch));
	}
	own.close();
	bare.close();
	console.log(`${batch} in a commit: ×${(ours.rate(batch) / theirs.rate(batch)).toFixed(2)}`);
	console.log(`  journal ${ours.toString(batch)}`);
	console.log(`  SQLite  ${theirs.toString(batch)}`);
}

try {
	const bytes = texts.reduce((sum, text) => sum + text.length, 0) / texts.length;
	console.log(`events of ${bytes.toFixed(0)} bytes, in ${directory}:`);
	for (const batch of batches) compare(batch);
} finally {
	rmSync(directory, {recursive: true, force: true});
}
