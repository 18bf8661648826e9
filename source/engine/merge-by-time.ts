import type {LogLine} from '../protocol/views.ts';

/** Lines that are in order of time by themselves, to be merged with others. */
export type TimedLines = {
	/** No line of it is older, as far as the clocks of agents agree with ours. */
	readonly startsAt: number;
	/** Called when its turn comes: until then it costs nothing. */
	readonly read: () => AsyncGenerator<LogLine>;
};

/** By how much the clocks of agents may differ from ours before lines of sources that were not yet read come out of order. */
export const clockMarginMs = 60_000;

type Head = {readonly line: LogLine; readonly lines: AsyncGenerator<LogLine>};

/**
 * Merges lines by time; among those of the same time it goes on with the source that it reads from. So many sources are read from at once,
 * whenever they start; of more, each when its time comes.
 */
export async function* mergeByTime(sources: readonly TimedLines[], atOnce: number): AsyncGenerator<LogLine> {
	const [only] = sources;
	if (only !== undefined && sources.length === 1) return yield* only.read();
	/** Those that have not begun, the earliest last. */
	const waiting = [...sources].reverse().sort((a, b) => b.startsAt - a.startsAt);
	/** The next line of each that has, the earliest last. */
	const heads: Head[] = [];
	try {
		for (;;) {
			const earliest = heads.at(-1)?.line.at ?? Number.POSITIVE_INFINITY;
			const next = waiting.at(-1);
			if (next !== undefined && (heads.length < atOnce || next.startsAt <= earliest + clockMarginMs)) {
				waiting.pop();
				await putNext(heads, next.read(), 'after');
				continue;
			}
			const head = heads.at(-1);
			if (head === undefined) return;
			yield head.line;
			heads.pop();
			await putNext(heads, head.lines, 'before');
		}
	} finally {
		for (const {lines} of heads) await lines.return(undefined);
	}
}

/** `where`: whether its next line comes before or after those of the same time. */
async function putNext(heads: Head[], lines: AsyncGenerator<LogLine>, where: 'before' | 'after'): Promise<void> {
	const {value, done} = await lines.next();
	if (done === true) return;
	// Halved again and again: there may be ten thousand.
	let [low, high] = [0, heads.length];
	while (low < high) {
		const middle = (low + high) >>> 1;
		const at = heads[middle]?.line.at ?? Number.NaN;
		if (where === 'before' ? at >= value.at : at > value.at) low = middle + 1;
		else high = middle;
	}
	heads.splice(low, 0, {line: value, lines});
}
