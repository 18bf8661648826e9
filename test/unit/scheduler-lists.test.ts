import fc from 'fast-check';
import {expect, test} from 'vitest';
import {changedPlaces, LongList} from '../../source/scheduler/long-list.ts';
import {LongRecord} from '../../source/scheduler/long-record.ts';
import {Queue} from '../../source/scheduler/queue.ts';

/** Lengths at which a list has one part, a full one, one more than that, and three levels. */
const lengths = fc.constantFrom(0, 1, 31, 32, 33, 1024, 1025, 5000);
const numbers = (length: number) => Array.from({length}, (_, index) => index);
const changes = fc.array(fc.tuple(fc.nat(4999), fc.nat()), {maxLength: 40});

test('a changed list is what a changed array is, and what it was copied from stays', () => {
	fc.assert(
		fc.property(lengths, fc.array(changes, {maxLength: 4}), (length, steps) => {
			let array = numbers(length);
			let list = LongList.from<number>(array);
			for (const step of steps) {
				const changed = new Map(step.filter(([index]) => index < length));
				const [before, copy] = [list, [...list]];
				list = list.with(changed);
				array = array.map((item, index) => changed.get(index) ?? item);
				expect([...before]).toEqual(copy);
				expect([...list.entries()]).toEqual([...array.entries()]);
				expect(numbers(length + 1).map(index => list.at(index))).toEqual([...array, undefined]);
				const differing = numbers(length).filter(index => copy[index] !== array[index]);
				expect([...changedPlaces(before, list)]).toEqual(differing);
				expect([...changedPlaces(copy, list)]).toEqual(differing);
			}
			expect(JSON.parse(JSON.stringify(list))).toEqual(array);
			expect(LongList.from(list)).toBe(list);
		}),
		{numRuns: 60},
	);
});

test('a list grows at its end as an array does', () => {
	fc.assert(
		fc.property(lengths, fc.integer({min: 1, max: 40}), (length, more) => {
			const array = numbers(length + more);
			let list = LongList.from<number>(array.slice(0, length));
			for (const item of array.slice(length)) {
				const [before, copy] = [list, [...list]];
				list = list.push(item);
				expect([...before]).toEqual(copy);
			}
			expect(list).toEqual(LongList.from(array));
			expect(list.at(array.length)).toBeUndefined();
		}),
		{numRuns: 20},
	);
});

test('a list has no other places than its own', () => {
	for (const index of [-1, 3, Number.NaN]) {
		expect(() => LongList.from([1, 2, 3]).with(new Map([[index, 0]]))).toThrow('there is no item');
	}
});

const acts = fc.array(
	fc.oneof(
		fc.record({add: fc.integer({min: 1, max: 700})}),
		fc.record({takeFront: fc.integer({min: 1, max: 600})}),
		fc.record({takeAt: fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true})}),
		fc.record({keepOneOf: fc.integer({min: 1, max: 7})}),
	),
	{maxLength: 30},
);

test('a queue holds what an array would, in the same order, and what it was copied from stays', () => {
	fc.assert(
		fc.property(acts, todo => {
			let [array, queue, next] = [[] as number[], Queue.from<number>([]), 0];
			const take = (at: number) => {
				const item = array[at];
				if (item === undefined) return;
				queue = queue.without(other => other === item);
				array = array.toSpliced(at, 1);
			};
			for (const act of todo) {
				const [before, copy] = [queue, [...queue]];
				if ('add' in act) {
					const added = numbers(act.add).map(index => next + index);
					next += act.add;
					queue = queue.concat(added);
					array = [...array, ...added];
				} else if ('takeFront' in act) for (let count = 0; count < act.takeFront; count++) take(0);
				else if ('takeAt' in act) take(Math.floor(act.takeAt * array.length));
				else {
					queue = queue.filter(item => item % act.keepOneOf === 0);
					array = array.filter(item => item % act.keepOneOf === 0);
				}
				expect([...before]).toEqual(copy);
				expect([...queue]).toEqual(array);
				expect(queue).toHaveLength(array.length);
				expect(queue.first).toBe(array[0]);
			}
			expect(queue.without(() => false)).toBe(queue);
			expect(JSON.parse(JSON.stringify(queue))).toEqual(array);
		}),
		{numRuns: 100},
	);
});

const names = fc.integer({min: 0, max: 60}).map(number => `n${number}`);
const turns = fc.array(
	fc.record({
		/** Which of the records that have been is gone on with; most often the newest. */
		from: fc.oneof({weight: 9, arbitrary: fc.constant(0)}, fc.nat(9)),
		todo: fc.array(fc.oneof(fc.record({put: names, value: fc.nat()}), fc.record({remove: names})), {maxLength: 40}),
	}),
	{maxLength: 8},
);

test('a record is what an object would be, whichever of its copies goes on, and what it was copied from stays', () => {
	fc.assert(
		fc.property(turns, todo => {
			const all = [{record: LongRecord.from<number>({}), plain: {} as Record<string, number>}];
			for (const {from, todo: acts} of todo) {
				const start = all.at(-1 - (from % all.length)) ?? all[0];
				if (start === undefined) continue;
				let {record, plain} = start;
				for (const act of acts) {
					if ('put' in act) {
						record = record.with(act.put, act.value);
						plain = {...plain, [act.put]: act.value};
					} else {
						record = record.without(act.remove);
						const {[act.remove]: _, ...others} = plain;
						plain = others;
					}
				}
				all.push({record, plain});
			}
			for (const {record, plain} of all) {
				expect([...record]).toEqual(Object.entries(plain));
				expect([...record.keys()]).toEqual(Object.keys(plain));
				expect([...record.values()]).toEqual(Object.values(plain));
				expect(record.size).toBe(Object.keys(plain).length);
				for (let number = 0; number <= 60; number++) {
					expect(record.get(`n${number}`)).toBe(plain[`n${number}`]);
					expect(record.has(`n${number}`)).toBe(`n${number}` in plain);
				}
				expect(JSON.stringify(record)).toBe(JSON.stringify(plain));
				for (const before of all) {
					const changed = Object.keys(plain).filter(key => plain[key] !== before.plain[key]);
					expect([...record.changedSince(before.record)]).toEqual(changed.map(key => plain[key]));
					const gone = Object.keys(before.plain).filter(key => !(key in plain));
					expect([...record.goneSince(before.record)]).toEqual(gone.map(key => before.plain[key]));
					if (record.hasKeysOf(before.record)) expect(Object.keys(plain)).toEqual(Object.keys(before.plain));
				}
			}
		}),
		{numRuns: 200},
	);
});

test('a record keeps no places of keys that have gone', () => {
	let record = LongRecord.from<number>({stays: 0});
	for (let number = 0; number < 10_000; number++) record = record.with(`k${number}`, number).without(`k${number}`);
	expect([...record]).toEqual([['stays', 0]]);
	expect(record.entries.length).toBeLessThan(10);
	expect(record.with('stays', 1).hasKeysOf(record)).toBe(true);
	expect(record.with('other', 1).hasKeysOf(record)).toBe(false);
	expect(LongRecord.from(record)).toBe(record);
});
