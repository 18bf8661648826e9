import type {SessionId} from '../model/ids.ts';

/** `place`: in the order in which sessions were first heard from. */
type Room = {readonly place: number; readonly attempts: number};

/** How many more attempts each session can take, of those that were heard from. Those that can take any are found without a look at the others. */
export class Rooms {
	readonly #rooms = new Map<SessionId, Room>();
	readonly #free = new Set<SessionId>();
	#nextPlace = 0;

	get size(): number {
		return this.#rooms.size;
	}

	has(session: SessionId): boolean {
		return this.#rooms.has(session);
	}

	get(session: SessionId): number | undefined {
		return this.#rooms.get(session)?.attempts;
	}

	keys(): Iterable<SessionId> {
		return this.#rooms.keys();
	}

	set(session: SessionId, attempts: number): void {
		const place = this.#rooms.get(session)?.place ?? this.#nextPlace++;
		this.#rooms.set(session, {place, attempts});
		if (attempts > 0) this.#free.add(session);
		else this.#free.delete(session);
	}

	delete(session: SessionId): void {
		this.#rooms.delete(session);
		this.#free.delete(session);
	}

	/** Sessions that can take more, in the order in which they were first heard from: none of them is preferred for having just become free. */
	*free(): Generator<[SessionId, number]> {
		if (this.#free.size > this.#rooms.size / 8) {
			for (const [session, {attempts}] of this.#rooms) if (attempts > 0) yield [session, attempts];
			return;
		}
		const few = [...this.#free].flatMap(session => {
			const room = this.#rooms.get(session);
			return room === undefined ? [] : [{session, ...room}];
		});
		for (const {session, attempts} of few.sort((a, b) => a.place - b.place)) yield [session, attempts];
	}
}
