import * as fc from 'fast-check';

/** What a disk or a stranger did to a file. */
export type Damage =
	| {readonly how: 'flip'; readonly at: number; readonly bit: number}
	| {readonly how: 'cut'; readonly at: number}
	| {readonly how: 'fill'; readonly at: number; readonly length: number; readonly byte: number}
	| {readonly how: 'insert'; readonly at: number; readonly bytes: Uint8Array}
	| {readonly how: 'foreign'; readonly bytes: Uint8Array};

const place = fc.nat(1_000_000);

export const anyDamage: fc.Arbitrary<Damage> = fc.oneof(
	{weight: 4, arbitrary: fc.record({how: fc.constant('flip' as const), at: place, bit: fc.nat(7)})},
	{weight: 3, arbitrary: fc.record({how: fc.constant('cut' as const), at: place})},
	{
		weight: 2,
		arbitrary: fc.record({how: fc.constant('fill' as const), at: place, length: fc.nat(5000), byte: fc.constantFrom(0, 0xff, 0x20)}),
	},
	{weight: 1, arbitrary: fc.record({how: fc.constant('insert' as const), at: place, bytes: fc.uint8Array({maxLength: 50})})},
	{weight: 1, arbitrary: fc.record({how: fc.constant('foreign' as const), bytes: fc.uint8Array({maxLength: 300})})},
);

/** The bytes after all that; places beyond the end lie within, counted around. */
export function damaged(bytes: Uint8Array, damages: readonly Damage[]): Buffer {
	return damages.reduce((before: Buffer, damage) => damagedOnce(before, damage), Buffer.from(bytes));
}

function damagedOnce(bytes: Buffer, damage: Damage): Buffer {
	if (damage.how === 'foreign') return Buffer.from(damage.bytes);
	const at = damage.at % Math.max(1, bytes.length);
	switch (damage.how) {
		case 'cut':
			return bytes.subarray(0, at);
		case 'insert':
			return Buffer.concat([bytes.subarray(0, at), damage.bytes, bytes.subarray(at)]);
		case 'fill':
			return Buffer.from(bytes).fill(damage.byte, at, Math.min(bytes.length, at + damage.length));
		case 'flip': {
			const flipped = Buffer.from(bytes);
			if (flipped.length > 0) flipped[at] = (flipped[at] ?? 0) ^ (1 << damage.bit);
			return flipped;
		}
	}
}
