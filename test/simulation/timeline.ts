type Entry = {readonly at: number; readonly order: number; readonly task: () => void};

/** Virtual time: what is to happen, in order. Nothing in a simulated world looks at a real clock. */
export class Timeline {
	/** True time in milliseconds; every simulated clock is derived from it. */
	now = 0;
	#order = 0;
	/** A binary heap, the earliest first. */
	readonly #heap: Entry[] = [];

	/** Whether nothing is left to happen. */
	get isEmpty(): boolean {
		return this.#heap.length === 0;
	}

	at(delayMs: number, task: () => void): void {
		const entry = {at: this.now + Math.max(0, delayMs), order: this.#order++, task};
		let index = this.#heap.length;
		while (index > 0) {
			const parent = (index - 1) >> 1;
			const above = this.#heap[parent];
			if (above === undefined || isEarlier(above, entry)) break;
			this.#heap[index] = above;
			index = parent;
		}
		this.#heap[index] = entry;
	}

	/** Goes on to what happens next, and has it happen. */
	advance(): void {
		const [next] = this.#heap;
		const last = this.#heap.pop();
		if (next === undefined || last === undefined) throw new Error('nothing is left to happen');
		if (next !== last) this.#sink(last);
		this.now = next.at;
		next.task();
	}

	#sink(entry: Entry): void {
		const heap = this.#heap;
		let index = 0;
		for (;;) {
			let child = 2 * index + 1;
			let below = heap[child];
			const right = heap[child + 1];
			if (below === undefined) break;
			if (right !== undefined && isEarlier(right, below)) {
				below = right;
				child++;
			}
			if (isEarlier(entry, below)) break;
			heap[index] = below;
			index = child;
		}
		heap[index] = entry;
	}
}

function isEarlier(a: Entry, b: Entry): boolean {
	return a.at < b.at || (a.at === b.at && a.order < b.order);
}
