import fc from 'fast-check';
import {expect, test} from 'vitest';
import {Rooms} from '../../source/engine/rooms.ts';

const sessions = fc.nat(40).map(number => `s${number}`);
const acts = fc.array(
	fc.oneof(
		fc.record({set: sessions, room: fc.oneof({weight: 8, arbitrary: fc.constant(0)}, fc.integer({min: -1, max: 2}))}),
		fc.record({gone: sessions}),
	),
	{
		maxLength: 200,
	},
);

test('the free ones are those of a plain map that have room, in its order, however many they are', () => {
	fc.assert(
		fc.property(acts, todo => {
			const [rooms, plain] = [new Rooms(), new Map<string, number>()];
			for (const act of todo) {
				if ('set' in act) {
					rooms.set(act.set, act.room);
					plain.set(act.set, act.room);
				} else {
					rooms.delete(act.gone);
					plain.delete(act.gone);
				}
				expect([...rooms.free()]).toEqual([...plain].filter(([, room]) => room > 0));
			}
			expect([...rooms.keys()].map(session => [session, rooms.get(session)])).toEqual([...plain]);
			expect(rooms.size).toBe(plain.size);
			for (let number = 0; number <= 40; number++) expect(rooms.has(`s${number}`)).toBe(plain.has(`s${number}`));
		}),
	);
});
