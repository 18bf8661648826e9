/** What a duration may be written as; every part may have decimals: `90s`, `1h30m`, `500ms`, `1.5h`, `2d`, and `90` for seconds. */
export const durationPattern =
	/^(?=\d)(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$|^\d+(?:\.\d+)?$/;

/** Milliseconds of a duration, of which a number is a count of seconds; undefined: it is none, or is too long to count. */
export function durationMs(value: string | number): number | undefined {
	if (typeof value === 'number' || /^[\d.]+$/.test(value)) return countable(Number(value) * 1000);
	const match = durationPattern.exec(value);
	if (match === null) return undefined;
	const [days, hours, minutes, seconds, ms] = match.slice(1).map(part => Number(part ?? 0));
	return countable((days ?? 0) * 86_400_000 + (hours ?? 0) * 3_600_000 + (minutes ?? 0) * 60_000 + (seconds ?? 0) * 1000 + (ms ?? 0));
}

function countable(ms: number): number | undefined {
	const rounded = Math.round(ms);
	return Number.isSafeInteger(rounded) && rounded >= 0 ? rounded : undefined;
}
