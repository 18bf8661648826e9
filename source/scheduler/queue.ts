import type {Items} from '../model/list.ts';

/** Items of one part, at most. */
const partLength = 512;

/**
 * Items in the order in which they came, each once; it never changes. A copy with one less in front shares everything, one with more at the end
 * all but the last part: a million tasks may be ready, and assigning the first costs no copy of them.
 */
export class Queue<Item> implements Items<Item> {
	/** None of them empty. Not private, so that `assert.deepEqual` sees it. */
	readonly parts: ReadonlyArray<readonly Item[]>;
	/** How many in front of the first part are gone; never all. */
	readonly gone: number;
	readonly length: number;

	private constructor(parts: ReadonlyArray<readonly Item[]>, gone: number, length: number) {
		this.parts = parts;
		this.gone = gone;
		this.length = length;
	}

	/** The same items; the very same queue if it is one already. */
	static from<Item>(items: Items<Item>): Queue<Item> {
		return items instanceof Queue ? items : new Queue<Item>([], 0, 0).concat([...items]);
	}

	get first(): Item | undefined {
		return this.parts[0]?.[this.gone];
	}

	/** A copy without the first item of which that is true. */
	without(isIt: (item: Item) => boolean): Queue<Item> {
		for (const [number, part] of this.parts.entries()) {
			const gone = number === 0 ? this.gone : 0;
			let at = gone;
			while (at < part.length && !isIt(part[at] as Item)) at++;
			if (at === part.length) continue;
			const left = this.length - 1;
			if (part.length - gone === 1) return new Queue(this.parts.toSpliced(number, 1), number === 0 ? 0 : this.gone, left);
			if (number === 0 && at === gone) return new Queue(this.parts, gone + 1, left);
			return new Queue(this.parts.with(number, part.toSpliced(at, 1)), this.gone, left);
		}
		return this;
	}

	/** A copy with these at its end. */
	concat(items: readonly Item[]): Queue<Item> {
		if (items.length === 0) return this;
		const parts = [...this.parts];
		const last = parts.at(-1);
		const fits = last === undefined ? 0 : Math.max(0, partLength - last.length);
		if (last !== undefined && fits > 0) parts[parts.length - 1] = [...last, ...items.slice(0, fits)];
		for (let at = fits; at < items.length; at += partLength) parts.push(items.slice(at, at + partLength));
		return new Queue(parts, this.gone, this.length + items.length);
	}

	/** A copy with those that pass. */
	filter(passes: (item: Item) => boolean): Queue<Item> {
		return new Queue<Item>([], 0, 0).concat([...this].filter(passes));
	}

	*[Symbol.iterator](): Generator<Item, undefined> {
		for (const [number, part] of this.parts.entries()) yield* number === 0 ? part.slice(this.gone) : part;
	}

	toJSON(): Item[] {
		return [...this];
	}
}
