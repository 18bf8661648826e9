import {copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {Engine} from '../../source/engine/engine.ts';
import {ByoaiError} from '../../source/model/error.ts';
import {findViolation} from '../../source/scheduler/invariants.ts';
import {openLogFiles} from '../../source/store/log-files.ts';
import type {LogPiece, LogStore} from '../../source/store/logs.ts';
import {openStore} from '../../source/store/sqlite.ts';
import {openStateDirectory, readEndpoint} from '../../source/store/state-directory.ts';
import type {Store} from '../../source/store/store.ts';
import {assigned, finished, opened, registered, submitted} from '../helpers/live-engine.ts';
import {loadValid} from '../helpers/load-workflow.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';
import type {Damage} from './bytes.ts';
import {anyDamage, damaged} from './bytes.ts';
import {fuzz, fuzzTimeout} from './fuzz.ts';

/** An error that somebody can read who has only this to go on: it names the file and what to do. */
function expectExplained(error: unknown, place: string): void {
	expect(error).toBeInstanceOf(ByoaiError);
	const {code, message} = error as ByoaiError;
	expect(code, message).toBe('unavailable');
	expect(message.includes(place) || message.startsWith('the journal is damaged'), message).toBe(true);
	expect(message).toMatch(/Restore|Move|move it away|Check|Use that version/);
}

/** Neither clock nor timers: what is journaled is what comes. */
const stillClock = {
	now: () => 1_800_000_000_001,
	monotonic: () => 0,
	after: () => () => undefined,
	soon: (task: () => void) => void setImmediate(task),
};

function engineOn(store: Store, fatal: ByoaiError[]): Engine {
	const limits = {batch_events: 1000, snapshot_events: 6};
	return new Engine({store, clock: stillClock, limits, perform: () => undefined, onFatal: error => fatal.push(error)});
}

/** A database with a snapshot, entries after it, and history; as it lies on the disk while the orchestrator runs, and after it has ended. */
async function writtenDatabases(directory: string): Promise<ReadonlyArray<Readonly<Record<string, Buffer>>>> {
	const path = join(directory, 'written.db');
	const store = openStore(path);
	const engine = engineOn(store, []);
	engine.restore();
	const workflow = loadValid('tasks: [{name: a, command: x, agent: far}, {name: b, command: x, agent: far}]');
	const events = [
		registered('far', 2),
		opened('s', 'far'),
		submitted('r1', workflow),
		assigned('s', 'r1', 0),
		finished('s', 'r1'),
		assigned('s', 'r1', 1),
		finished('s', 'r1', {task: 1}),
		submitted('r2', workflow),
		assigned('s', 'r2'),
	];
	for (const event of events) await engine.submit(event);
	const read = () => Object.fromEntries(['', '-wal', '-shm'].map(ending => [ending, readFileSync(path + ending)]));
	const running = read();
	engine.close();
	store.close();
	return [running, {'': readFileSync(path)}];
}

test(
	'whatever became of the database, the orchestrator goes on with a state that holds together, or says what is wrong',
	fuzzTimeout,
	async () => {
		const directory = temporaryDirectory();
		const databases = await writtenDatabases(directory);
		const path = join(directory, 'damaged.db');
		const damages = fc.array(fc.tuple(fc.constantFrom('', '', '-wal', '-shm'), anyDamage), {minLength: 1, maxLength: 3});
		const property = fc.asyncProperty(fc.nat(databases.length - 1), damages, async (which, done) => {
			for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(path + ending, {force: true});
			for (const [ending, bytes] of Object.entries(databases[which] ?? {})) {
				writeFileSync(
					path + ending,
					damaged(
						bytes,
						done.flatMap(([of, damage]) => (of === ending ? [damage] : [])),
					),
				);
			}
			try {
				await goOnWith(path);
			} catch (error) {
				expectExplained(error, path);
			}
		});
		await fuzz('journal', property, {
			runs: 60,
			// Zeros in the midst of a snapshot: SQLite gives them back without a word.
			examples: [
				[1, [['', {how: 'fill', at: 696_639, length: 2423, byte: 0}]]],
				// Another letter in the name of a column.
				[0, [['', {how: 'flip', at: 921_198, bit: 0}]]],
				// A format that no SQLite knows, and one that only a later one may write.
				[0, [['', {how: 'fill', at: 286_742, length: 26, byte: 32}]]],
				[1, [['', {how: 'flip', at: 18, bit: 0}]]],
			],
		});
	},
);

/** Restores from it, reads its history, goes on and closes it. */
async function goOnWith(path: string): Promise<void> {
	const store = openStore(path);
	try {
		const fatal: ByoaiError[] = [];
		const engine = engineOn(store, fatal);
		engine.restore();
		expect(findViolation(engine.state)).toBeUndefined();
		for (const {id} of store.listRuns({limit: 10})) store.loadRun(id);
		store.findRuns('r', 5);
		store.runOfRequest('x');
		await engine.submit(registered('later')).catch((error: unknown) => expectExplained(error, path));
		for (const error of fatal) expectExplained(error, path);
		const unsaved = engine.close();
		if (unsaved !== undefined) expectExplained(unsaved, path);
	} finally {
		store.close();
	}
}

test('whatever lies in the state directory, it is used, or refused with what to do', fuzzTimeout, async () => {
	const directory = join(temporaryDirectory(), 'state');
	const names = ['id', 'key', 'endpoint', 'owner', 'lock', 'logs', 'instances', 'tls.crt', 'tls.key'] as const;
	const content = fc.oneof(
		fc.uint8Array({maxLength: 60}),
		fc.constantFrom('', '{}', '{"url":7}', '{"url":"x"}', '[]', 'null', '0123456789abcdef').map(text => Buffer.from(text)),
	);
	const file = fc.tuple(
		fc.constantFrom(...names),
		fc.oneof({weight: 5, arbitrary: content}, {weight: 1, arbitrary: fc.constant('directory' as const)}),
	);
	const property = fc.property(fc.array(file, {maxLength: 4}), files => {
		rmSync(directory, {recursive: true, force: true});
		mkdirSync(directory);
		for (const [name, what] of files) {
			rmSync(join(directory, name), {recursive: true, force: true});
			if (what === 'directory') mkdirSync(join(directory, name));
			else writeFileSync(join(directory, name), what);
		}
		try {
			readEndpoint(directory);
			const opened = openStateDirectory(directory, '1.2.3');
			expect([opened.id.length, opened.key.length]).toEqual([16, 32]);
			try {
				opened.readCertificate();
				opened.writeEndpoint({url: 'http://x'});
				expect(readEndpoint(directory)).toEqual({url: 'http://x'});
			} finally {
				opened.close();
			}
		} catch (error) {
			expectExplained(error, directory);
		}
	});
	await fuzz('state-directory', property, {runs: 40});
});

const ref = {run: 'r01', task: 0, attempt: 1};
const attemptBytes = 600;

/** The byte of the output at each offset. */
function output(from: number, length: number): Buffer {
	return Buffer.from(Array.from({length}, (_, index) => (from + index) % 251));
}

function piece(offset: number, length: number, at: number): LogPiece {
	return {offset, stream: at % 2 === 0 ? 'stdout' : 'stderr', at, data: output(offset, length)};
}

test('whatever became of a log and its index, what is read is in order and ends, and what cannot be is said', fuzzTimeout, async () => {
	const directory = temporaryDirectory();
	const file = (ending: string) => join(directory, ref.run, `0.1.${ending}`);
	const logs = openLogFiles(directory, {attemptBytes});
	for (let at = 0, offset = 0; at < 12; offset += 20 + at * 7, at++) await logs.append(ref, [piece(offset, 20 + at * 7, at)]);
	await logs.close();
	for (const ending of ['log', 'idx']) copyFileSync(file(ending), file(`${ending}.whole`));
	const whole = {log: readFileSync(file('log')), idx: readFileSync(file('idx'))};
	type Step = {readonly append: number} | {readonly read: number} | {readonly reopen: true};
	const step: fc.Arbitrary<Step> = fc.oneof(
		fc.nat(100).map(append => ({append})),
		fc.nat(1500).map(read => ({read})),
		fc.constant({reopen: true as const}),
	);
	const damages = fc.array(fc.tuple(fc.constantFrom('log' as const, 'idx' as const), anyDamage), {maxLength: 3});
	const property = fc.asyncProperty(damages, fc.array(step, {minLength: 1, maxLength: 5}), async (done, steps) => {
		for (const ending of ['log', 'idx'] as const) writeFileSync(file(ending), damaged(whole[ending], of(done, ending)));
		let store = openLogFiles(directory, {attemptBytes});
		try {
			for (const step of steps) {
				if ('reopen' in step) {
					await store.close();
					store = openLogFiles(directory, {attemptBytes});
				} else if ('append' in step) await appendSoundly(store, step.append);
				else await readSoundly(store, step.read);
			}
		} catch (error) {
			expectExplained(error, file('log'));
		} finally {
			await store.close();
		}
	});
	await fuzz('log-files', property, {runs: 120});
});

function of(done: ReadonlyArray<readonly ['log' | 'idx', Damage]>, ending: 'log' | 'idx'): Damage[] {
	return done.flatMap(([where, damage]) => (where === ending ? [damage] : []));
}

/** What is new is there afterwards, byte for byte, where it is kept at all. */
async function appendSoundly(store: LogStore, length: number): Promise<void> {
	const before = await store.end(ref);
	const {end, added} = await store.append(ref, [piece(before, length, 7)]);
	expect(end).toBe(before + length);
	expect(added.reduce((sum, {data}) => sum + data.length, 0)).toBeLessThanOrEqual(length);
	for (const {offset, data} of added) {
		const {pieces} = await store.read(ref, offset, data.length);
		expect(Buffer.concat(pieces.map(({data}) => data))).toEqual(Buffer.from(data));
	}
}

/** Each read goes on, none goes beyond the end, and pieces follow one another. */
async function readSoundly(store: LogStore, from: number): Promise<void> {
	const end = await store.end(ref);
	for (let at = from, reads = 0; at < end; reads++) {
		const slice = await store.read(ref, at, 50);
		expect(slice.end).toBe(end);
		expect(reads).toBeLessThan(2000);
		let offset = at;
		for (const {offset: begins, data} of slice.pieces) {
			expect(begins).toBe(offset);
			offset += data.length;
		}
		expect(slice.next).toBeGreaterThan(at);
		expect(slice.next).toBeLessThanOrEqual(end);
		at = slice.next;
	}
}
