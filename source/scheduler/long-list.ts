import type {List} from '../model/list.ts';

/** Entries of one part, as a power of two: a changed copy of a list of a million items has four new parts. */
const bits = 5;
const width = 1 << bits;

/** Items, or further parts. */
type Part<Item> = ReadonlyArray<Item | Part<Item>>;

/**
 * A list of up to millions of items that never changes. A copy with some of them changed shares all parts in which nothing did, so that one
 * event of a run of a million tasks costs what it costs in a run of ten. (A trie, as "persistent vectors" are.)
 */
export class LongList<Item> implements List<Item> {
	/** Not private, so that `assert.deepEqual` sees it. */
	readonly root: Part<Item>;
	readonly length: number;
	/** Levels of parts below the root. */
	readonly height: number;

	private constructor(root: Part<Item>, length: number, height: number) {
		this.root = root;
		this.length = length;
		this.height = height;
	}

	/** The same items; the very same list if it is one already. */
	static from<Item>(items: List<Item>): LongList<Item> {
		if (items instanceof LongList) return items;
		let root: Part<Item> = [...items];
		const {length} = root;
		let height = 0;
		for (; root.length > width; height++) root = inParts(root);
		return new LongList(root, length, height);
	}

	at(index: number): Item | undefined {
		let part = this.root;
		for (let shift = this.height * bits; shift > 0; shift -= bits) part = (part[(index >>> shift) % width] ?? []) as Part<Item>;
		return index < this.length ? (part[index % width] as Item) : undefined;
	}

	/** A copy with other items in some places. Throws `RangeError` for a place that is not there. */
	with(changes: ReadonlyMap<number, Item>): LongList<Item> {
		if (changes.size === 0) return this;
		const own = new Set<Part<Item>>();
		let {root} = this;
		for (const [index, item] of changes) {
			if (!(index >= 0 && index < this.length)) throw new RangeError(`there is no item ${index} of ${this.length}`);
			root = changed({part: root, height: this.height}, index, item, own);
		}
		return new LongList(root, this.length, this.height);
	}

	/** A copy with one more at its end. */
	push(item: Item): LongList<Item> {
		const isFull = this.length === width ** (this.height + 1);
		const [part, height] = isFull ? [[this.root], this.height + 1] : [this.root, this.height];
		return new LongList(changed({part, height}, this.length, item, new Set()), this.length + 1, height);
	}

	*[Symbol.iterator](): Generator<Item, undefined> {
		for (const leaf of leaves(this.root, this.height)) yield* leaf;
	}

	*entries(): Generator<[number, Item], undefined> {
		let index = 0;
		for (const item of this) yield [index++, item];
	}

	toJSON(): Item[] {
		return [...leaves(this.root, this.height)].flat() as Item[];
	}
}

function inParts<Item>(items: Part<Item>): Part<Item> {
	return Array.from({length: Math.ceil(items.length / width)}, (_, part) => items.slice(part * width, (part + 1) * width));
}

/** The part with another item in it. Those in `own` were copied for this change, and are changed in place. */
function changed<Item>(from: {part: Part<Item>; height: number}, index: number, item: Item, own: Set<Part<Item>>): Part<Item> {
	const {part, height} = from;
	const copy = (own.has(part) ? part : [...part]) as Array<Item | Part<Item>>;
	own.add(copy);
	const at = (index >>> (height * bits)) % width;
	copy[at] = height === 0 ? item : changed({part: (copy[at] ?? []) as Part<Item>, height: height - 1}, index, item, own);
	return copy;
}

function* leaves<Item>(part: Part<Item>, height: number): Generator<readonly Item[], undefined> {
	if (height === 0) yield part as readonly Item[];
	else for (const below of part) yield* leaves(below as Part<Item>, height - 1);
}

/** Places in which `after` has another item than `before`, which is as long; parts that both share are not looked at. */
export function changedPlaces<Item>(before: List<Item>, after: List<Item>): Generator<number> {
	const [old, {root, height}] = [LongList.from(before), LongList.from(after)];
	return differences(old.root, root, height, 0);
}

function* differences<Item>(before: Part<Item>, after: Part<Item>, height: number, first: number): Generator<number> {
	for (const [index, entry] of after.entries()) {
		const was = before[index];
		const place = first + (index << (height * bits));
		if (entry === was) continue;
		if (height === 0) yield place;
		else yield* differences((was ?? []) as Part<Item>, entry as Part<Item>, height - 1, place);
	}
}
