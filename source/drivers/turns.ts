import {ByoaiError} from '../model/error.ts';

/** Lets what is done with one instance happen one after the other; different instances do not wait for each other. */
export type Turns = {
	/** Runs `work` in its turn. Its signal is aborted when a stop of the same instance is asked for, which then need not wait long. */
	start<T>(name: string, work: (stopped: AbortSignal) => Promise<T>): Promise<T>;
	stop(name: string, work: () => Promise<void>): Promise<void>;
	/** Resolves when nothing is under way any more, whatever came of it. */
	settled(): Promise<void>;
};

type Place = {last: Promise<unknown>; readonly starts: Set<AbortController>};

export function createTurns(): Turns {
	const places = new Map<string, Place>();

	function take<T>(name: string, work: (place: Place) => Promise<T>): Promise<T> {
		const place = places.get(name) ?? {last: Promise.resolve(), starts: new Set()};
		places.set(name, place);
		const result = place.last.then(() => work(place));
		// The next one's turn comes whatever came of this one: whoever asked for it is told, nobody else.
		const over = Promise.allSettled([result]).then(() => {
			if (place.last === over) places.delete(name);
		});
		place.last = over;
		return result;
	}

	return {
		start: (name, work) => {
			const controller = new AbortController();
			const result = take(name, place => work(controller.signal).finally(() => place.starts.delete(controller)));
			places.get(name)?.starts.add(controller);
			return result;
		},
		stop: (name, work) => {
			const reason = new ByoaiError('unavailable', `Instance ${name} was stopped while it started.`);
			for (const controller of places.get(name)?.starts ?? []) controller.abort(reason);
			return take(name, work);
		},
		settled: async () => {
			await Promise.all([...places.values()].map(({last}) => last));
		},
	};
}
