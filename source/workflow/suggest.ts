/** The most that a word may be longer or shorter than what it was meant to be. */
const maxDistance = 3;

/**
 * The candidate that was probably meant: nearest by edit distance (insert, delete, replace, swap of neighbours), and near
 * enough for its length. Undefined: none is.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
	// Nothing is left of a single letter that was replaced by another.
	const allowed = word.length < 2 ? 0 : Math.min(maxDistance, Math.max(1, Math.floor(word.length / 3)));
	let best: string | undefined;
	let bestDistance = allowed + 1;
	for (const candidate of candidates) {
		if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
		const found = distance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
		if (found < bestDistance) [best, bestDistance] = [candidate, found];
	}
	return best;
}

/** `; did you mean `x`?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
	const candidate = nearest(word, candidates);
	return candidate === undefined ? '' : `; did you mean \`${candidate}\`?`;
}

/** Edit distance of two words; `limit` when it is that or more. */
function distance(a: string, b: string, limit: number): number {
	let beforeLast: number[] = [];
	let last = Array.from({length: b.length + 1}, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const row = [i];
		let least = i;
		for (let j = 1; j <= b.length; j++) {
			const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			let cost = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
			if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
			row.push(cost);
			least = Math.min(least, cost);
		}
		if (least >= limit) return limit;
		[beforeLast, last] = [last, row];
	}
	return Math.min(limit, last[b.length] ?? limit);
}
