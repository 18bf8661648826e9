import * as fc from 'fast-check';

/** Texts that break what reads texts: control characters, halves of surrogate pairs, marks of direction, line ends, names that objects have. */
const awkward = [
	'',
	' ',
	'\0',
	'\r',
	'\r\n',
	'\n',
	'\t',
	'\u001b[2J',
	'\u0085',
	'\u2028',
	'\ufeff',
	'\u202e',
	'\ud800',
	'\udc00x',
	'🙂',
	'é',
	'e\u0301',
	'\uffff',
	'__proto__',
	'constructor',
	'toString',
	'hasOwnProperty',
	'../../etc/passwd',
	'%00',
	'${{',
	'}}',
	'${{ params.a }}',
	'null',
	'-0',
	'1e999',
	'9007199254740993',
	'~',
] as const;

/** Any text: mostly short, sometimes very long. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
	{weight: 4, arbitrary: fc.constantFrom(...awkward)},
	{weight: 4, arbitrary: fc.string({unit: 'binary', maxLength: 20})},
	{weight: 2, arbitrary: fc.string({maxLength: 40})},
	{
		weight: 1,
		arbitrary: fc
			.tuple(fc.constantFrom('x', '-', '[', '🙂', ' ', 'a.'), fc.constantFrom(300, 5000, 70_000))
			.map(([unit, times]) => unit.repeat(times)),
	},
);

export const anyNumber: fc.Arbitrary<number> = fc.oneof(
	fc.constantFrom(0, -0, -1, 1, 2, 0.5, 1e308, -1e308, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 - 1, Number.MAX_SAFE_INTEGER, 1e21),
	fc.integer(),
	fc.double({noNaN: true}),
);

/** Any value that JSON can hold. */
export const anyJson: fc.Arbitrary<unknown> = fc.letrec<{value: unknown}>(tie => ({
	value: fc.oneof(
		{maxDepth: 4, withCrossShrink: true},
		fc.oneof(fc.constant(null), fc.boolean(), anyNumber, anyText),
		fc.array(tie('value'), {maxLength: 4}),
		fc.dictionary(anyText, tie('value'), {maxKeys: 4}),
	),
})).value;

/** A place within a value, and what is done there. */
export type Edit = {
	readonly at: number;
	readonly how: 'replace' | 'remove' | 'repeat' | 'rename' | 'nest';
	readonly value: unknown;
	readonly text: string;
};

export const anyEdits: fc.Arbitrary<Edit[]> = fc.array(
	fc.record({
		at: fc.nat(10_000),
		how: fc.constantFrom('replace', 'replace', 'remove', 'repeat', 'rename', 'nest'),
		value: anyJson,
		text: anyText,
	}),
	{maxLength: 3},
);

/** A value like this one with a few edits anywhere in it: so it goes wrong late, where garbage is refused at the door. */
export function edited(value: unknown, edits: readonly Edit[]): unknown {
	return edits.reduce(editedOnce, value);
}

function editedOnce(value: unknown, edit: Edit): unknown {
	const places = countPlaces(value);
	return editedAt(value, edit, edit.at % places);
}

function countPlaces(value: unknown): number {
	if (typeof value !== 'object' || value === null) return 1;
	return 1 + Object.values(value).reduce((sum: number, item) => sum + countPlaces(item), 0);
}

function editedAt(value: unknown, edit: Edit, place: number): unknown {
	if (place === 0) return changed(value, edit);
	if (typeof value !== 'object' || value === null) return value;
	let before = 1;
	const entries = Object.entries(value).flatMap(([key, item]): Array<[string, unknown]> => {
		const places = countPlaces(item);
		const inside = place - before;
		before += places;
		if (inside < 0 || inside >= places) return [[key, item]];
		if (inside === 0 && edit.how === 'remove') return [];
		if (inside === 0 && edit.how === 'rename') return [[edit.text, item]];
		return [[key, editedAt(item, edit, inside)]];
	});
	return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

function changed(value: unknown, {how, value: other}: Edit): unknown {
	if (how === 'repeat' && Array.isArray(value)) return [...value, ...value];
	if (how === 'repeat' && typeof value === 'string') return value.repeat(3);
	if (how === 'repeat' && typeof value === 'number') return value * 2 + 1;
	if (how === 'nest') return {a: [value]};
	return other;
}
