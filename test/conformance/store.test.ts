import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import type {Event} from '../../source/model/event.ts';
import {openStore} from '../../source/store/sqlite.ts';
import type {JournalEntry, Store} from '../../source/store/store.ts';
import {endedRun} from '../helpers/ended-run.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const stores = [
	['in memory', () => openStore(':memory:')],
	['in a file', () => openStore(join(temporaryDirectory(), 'byoai.db'))],
] as const;

const ticked = (at: number): Event => ({type: 'ticked', at});
const ticks = (from: number, to: number) => Array.from({length: to - from + 1}, (_, index) => ticked(from + index));
const sequences = (store: Store, after = 0) => [...store.read(after)].map(entry => entry.sequence);

describe.each(stores)('a store %s', (_name, make) => {
	function open(): Store {
		const store = make();
		onTestFinished(() => store.close());
		return store;
	}

	test('is empty at first', () => {
		const store = open();
		expect([...store.read(0)]).toEqual([]);
		expect(store.loadSnapshot()).toBeUndefined();
		expect(store.listRuns({limit: 10})).toEqual([]);
		expect(store.findRuns('', 10)).toEqual([]);
		expect(store.loadRun('r01')).toBeUndefined();
	});

	test('numbers entries from 1 and gives back what it was given', () => {
		const store = open();
		const odd = 'NUL \0, lone \ud800, 🦊, "quotes", \u2028';
		const events: Event[] = [
			ticked(1),
			{type: 'run-cancelled', at: 2, run: 'r01', reason: odd},
			{type: 'attempt-assigned', at: 3, ref: {run: 'r01', task: 0, attempt: 1}, session: 's1'},
		];
		expect(store.append({events: events.slice(0, 1), endedRuns: []})).toBe(1);
		expect(store.append({events: events.slice(1), endedRuns: []})).toBe(3);
		expect([...store.read(0)]).toEqual(events.map((event, index) => ({sequence: index + 1, event})));
		expect(sequences(store, 2)).toEqual([3]);
		expect(sequences(store, 3)).toEqual([]);
	});

	test('an empty batch takes no number', () => {
		const store = open();
		expect(store.append({events: [], endedRuns: []})).toBe(0);
		store.append({events: ticks(1, 2), endedRuns: []});
		expect(store.append({events: [], endedRuns: []})).toBe(2);
		expect(sequences(store)).toEqual([1, 2]);
	});

	test('reads a long journal in order, and two readers and a writer do not disturb each other', () => {
		const store = open();
		store.append({events: ticks(1, 2500), endedRuns: []});
		const one = store.read(0)[Symbol.iterator]();
		one.next();
		const other = sequences(store, 1200);
		store.append({events: [ticked(2501)], endedRuns: []});
		const rest: JournalEntry[] = [];
		for (let next = one.next(); !next.done; next = one.next()) rest.push(next.value);
		expect(other).toEqual(Array.from({length: 1300}, (_, index) => 1201 + index));
		expect(rest).toEqual(Array.from({length: 2500}, (_, index) => ({sequence: index + 2, event: ticked(index + 2)})));
	});

	test('a snapshot takes the place of the entries it covers; numbers go on', () => {
		const store = open();
		const state = {runs: [{id: 'r01', text: '🦊'}], count: 2};
		store.append({events: ticks(1, 5), endedRuns: []});
		store.saveSnapshot(3, state);
		expect(store.loadSnapshot()).toEqual({sequence: 3, state});
		expect(sequences(store)).toEqual([4, 5]);
		store.saveSnapshot(5, 'all');
		expect(store.loadSnapshot()).toEqual({sequence: 5, state: 'all'});
		expect(sequences(store)).toEqual([]);
		expect(store.append({events: [ticked(6)], endedRuns: []})).toBe(6);
		expect(sequences(store)).toEqual([6]);
	});

	test.each([1, 4])('a snapshot of entry %i, which is none that the journal holds, is refused', sequence => {
		const store = open();
		store.append({events: ticks(1, 3), endedRuns: []});
		store.saveSnapshot(2, 'kept');
		expect(() => store.saveSnapshot(sequence, 'refused')).toThrow(expect.objectContaining({code: 'internal'}));
		expect(store.loadSnapshot()).toEqual({sequence: 2, state: 'kept'});
		expect(sequences(store)).toEqual([3]);
	});

	test('a batch that cannot be written whole is not written at all', () => {
		const store = open();
		const {endedAt: _, ...unfinished} = endedRun('r02');
		const batch = {events: ticks(1, 2), endedRuns: [endedRun('r01'), unfinished]};
		expect(() => store.append(batch)).toThrow(expect.objectContaining({code: 'internal', message: expect.stringContaining('r02')}));
		expect(sequences(store)).toEqual([]);
		expect(store.findRuns('', 10)).toEqual([]);
		expect(store.append({events: [ticked(1)], endedRuns: []})).toBe(1);
	});

	test('keeps ended runs whole', () => {
		const store = open();
		const run = endedRun('r01');
		expect(store.append({events: [], endedRuns: [run]})).toBe(0);
		expect(store.loadRun('r01')).toEqual(run);
		expect(store.loadRun('r0')).toBeUndefined();
	});

	test('a run that is recorded again stays as it was', () => {
		const store = open();
		store.append({events: [], endedRuns: [endedRun('r01')]});
		store.append({events: [], endedRuns: [endedRun('r01', 'failed')]});
		expect(store.loadRun('r01')?.status).toBe('succeeded');
		expect(store.listRuns({limit: 10})).toHaveLength(1);
	});

	test('lists ended runs, newest first', () => {
		const store = open();
		const {file: _, ...inline} = endedRun('r03').workflow;
		const runs = [endedRun('r02', 'cancelled'), {...endedRun('r03'), workflow: inline}, endedRun('r01', 'failed'), endedRun('r04')];
		store.append({events: [], endedRuns: runs});
		const ids = (query: Parameters<Store['listRuns']>[0]) => store.listRuns(query).map(run => run.id);
		expect(ids({limit: 10})).toEqual(['r04', 'r03', 'r02', 'r01']);
		expect(ids({limit: 2})).toEqual(['r04', 'r03']);
		expect(ids({limit: 2, before: 'r03'})).toEqual(['r02', 'r01']);
		expect(ids({limit: 1, before: 'r02x'})).toEqual(['r02']);
		expect(ids({limit: 10, status: 'succeeded'})).toEqual(['r04', 'r03']);
		expect(ids({limit: 10, status: 'succeeded', before: 'r04'})).toEqual(['r03']);
		expect(ids({limit: 10, status: 'pending'})).toEqual([]);
		const summary = {workflow: 'release', createdAt: 1000, endedAt: 9000, counts: {succeeded: 1, skipped: 1}};
		expect(store.listRuns({limit: 2, before: 'r04'})).toEqual([
			{...summary, id: 'r03', status: 'succeeded'},
			{...summary, id: 'r02', status: 'cancelled', file: 'release.yml', reason: 'cancelled by SIGINT'},
		]);
	});

	test('finds ended runs by the beginning of their id', () => {
		const store = open();
		store.append({events: [], endedRuns: ['r0a1', 'r0a2', 'r0b1', 'r1'].map(id => endedRun(id))});
		expect(store.findRuns('r0a', 10)).toEqual(['r0a2', 'r0a1']);
		expect(store.findRuns('r0', 2)).toEqual(['r0b1', 'r0a2']);
		expect(store.findRuns('r0a1', 10)).toEqual(['r0a1']);
		expect(store.findRuns('', 1)).toEqual(['r1']);
		expect(store.findRuns('r0%', 10)).toEqual([]);
	});

	test('names ended runs that are too many or too old, those that ended first at the front, and none that a kept one retries', () => {
		const store = open();
		const ended = (id: string, endedAt: number, more = {}) => ({...endedRun(id), endedAt, ...more});
		store.append({
			events: [],
			endedRuns: [ended('r01', 40), ended('r02', 10), ended('r03', 30), ended('r04', 20, {retryOf: 'r03'}), ended('r05', 20)],
		});
		const outdated = (query: Partial<Parameters<Store['outdatedRuns']>[0]>) =>
			store.outdatedRuns({keep: 100, endedBefore: 0, limit: 100, ...query});
		expect(outdated({})).toEqual([]);
		expect(outdated({endedBefore: 20})).toEqual(['r02']);
		expect(outdated({endedBefore: 100})).toEqual(['r02', 'r04', 'r05', 'r01']);
		expect(outdated({endedBefore: 100, limit: 2})).toEqual(['r02', 'r04']);
		expect(outdated({keep: 5})).toEqual([]);
		expect(outdated({keep: 3})).toEqual(['r02', 'r04']);
		expect(outdated({keep: 0})).toEqual(['r02', 'r04', 'r05', 'r01']);
		expect(store.dropRun('r04', 100)).toBe(true);
		expect(outdated({keep: 0})).toEqual(['r02', 'r05', 'r03', 'r01']);
	});

	test('removes an ended run in slices, itself with the last one', () => {
		const store = open();
		store.append({events: [ticked(1)], endedRuns: [endedRun('r01'), endedRun('r02')]});
		// It has two attempts.
		expect(store.dropRun('r01', 1)).toBe(false);
		expect(store.loadRun('r01')).toEqual(endedRun('r01'));
		expect(store.dropRun('r01', 1)).toBe(false);
		expect(store.dropRun('r01', 1)).toBe(true);
		expect(store.loadRun('r01')).toBeUndefined();
		expect(store.dropRun('r01', 1)).toBe(true);
		expect(store.findRuns('', 10)).toEqual(['r02']);
		expect(sequences(store)).toEqual([1]);
	});
});
