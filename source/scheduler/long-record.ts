import {changedPlaces, LongList} from './long-list.ts';

type Entry<Value> = readonly [key: string, value: Value];

/**
 * Values by key, in the order in which the keys came, as an object has them; it never changes. A copy with one more, another or one less
 * shares all but the way to it: of a thousand sessions one changes with every attempt. On the disk it is an object.
 */
export class LongRecord<Value> implements Iterable<Entry<Value>> {
	/** `undefined` where a key has gone. Not private, so that `assert.deepEqual` sees it. */
	readonly entries: LongList<Entry<Value> | undefined>;
	readonly size: number;
	/** Where each key stands, or stood. All copies share it and it only grows: what comes later lies beyond the end of an earlier one. */
	readonly #places: Map<string, number>;
	/** The same for all copies that have the same keys. */
	readonly #keys: object;

	private constructor(entries: LongList<Entry<Value> | undefined>, size: number, places: Map<string, number>, keys: object) {
		this.entries = entries;
		this.size = size;
		this.#places = places;
		this.#keys = keys;
	}

	/** The same entries; the very same record if it is one already. */
	static from<Value>(entries: LongRecord<Value> | Readonly<Record<string, Value>>): LongRecord<Value> {
		return entries instanceof LongRecord ? entries : LongRecord.#of(Object.entries(entries));
	}

	static #of<Value>(entries: ReadonlyArray<Entry<Value>>): LongRecord<Value> {
		const places = new Map(entries.map(([key], place) => [key, place]));
		return new LongRecord(LongList.from<Entry<Value> | undefined>(entries), entries.length, places, {});
	}

	get(key: string): Value | undefined {
		return this.#entry(key)?.[1];
	}

	has(key: string): boolean {
		return this.#entry(key) !== undefined;
	}

	/** A copy with this value; a new key comes last. */
	with(key: string, value: Value): LongRecord<Value> {
		const place = this.#places.get(key);
		if (place !== undefined && this.entries.at(place) !== undefined) {
			return new LongRecord(this.entries.with(new Map([[place, [key, value]]])), this.size, this.#places, this.#keys);
		}
		// A key that was here before would need a second place, and one that comes to an earlier copy a place that is taken.
		const isNewest = this.#places.size === this.entries.length && this.entries.length > 0;
		if (place !== undefined || !isNewest) return LongRecord.#of([...this, [key, value]]);
		this.#places.set(key, this.entries.length);
		return new LongRecord(this.entries.push([key, value]), this.size + 1, this.#places, {});
	}

	/** A copy without this key. */
	without(key: string): LongRecord<Value> {
		const place = this.#places.get(key);
		if (place === undefined || this.entries.at(place) === undefined) return this;
		const left = new LongRecord(this.entries.with(new Map([[place, undefined]])), this.size - 1, this.#places, {});
		return left.size < left.entries.length / 2 ? LongRecord.#of([...left]) : left;
	}

	*[Symbol.iterator](): Generator<Entry<Value>, undefined> {
		for (const entry of this.entries) if (entry !== undefined) yield entry;
	}

	*keys(): Generator<string, undefined> {
		for (const [key] of this) yield key;
	}

	*values(): Generator<Value, undefined> {
		for (const [, value] of this) yield value;
	}

	/** Whether no key has come or gone between the two, of which one was copied from the other; copies apart count as different. */
	hasKeysOf(other: LongRecord<Value>): boolean {
		return this.#keys === other.#keys;
	}

	/** Values that are new, or others than in `before`; parts that both share are not looked at. */
	*changedSince(before: LongRecord<Value>): Generator<Value, undefined> {
		if (this.hasKeysOf(before)) {
			for (const place of changedPlaces(before.entries, this.entries)) {
				const entry = this.entries.at(place);
				if (entry !== undefined) yield entry[1];
			}
			return;
		}
		for (const [key, value] of this) if (before.get(key) !== value) yield value;
	}

	/** Values of `before` whose keys have gone since. */
	*goneSince(before: LongRecord<Value>): Generator<Value, undefined> {
		if (this.hasKeysOf(before)) return;
		for (const [key, value] of before) if (!this.has(key)) yield value;
	}

	toJSON(): Record<string, Value> {
		return Object.fromEntries(this);
	}

	#entry(key: string): Entry<Value> | undefined {
		const place = this.#places.get(key);
		return place === undefined ? undefined : this.entries.at(place);
	}
}
