const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];

/** A span of time for people: `8 ms`, `1.2 s`, `3 min 4 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatSpan(ms: number): string {
	const span = Math.max(0, ms);
	if (span < 999.5) return `${Math.round(span)} ms`;
	if (span < 59.95 * second) return `${(span / second).toFixed(1)} s`;
	if (span < hour - second / 2) return parts(Math.round(span / second), 60, 'min', 's');
	if (span < day - minute / 2) return parts(Math.round(span / minute), 60, 'h', 'min');
	return parts(Math.round(span / hour), 24, 'd', 'h');
}

function parts(count: number, base: number, large: string, small: string): string {
	const rest = count % base;
	return `${Math.floor(count / base)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}

/** `1 task`, `10,000 tasks` */
export function plural(count: number, noun: string): string {
	return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A whole number, with commas between thousands. */
export function formatCount(count: number): string {
	// `toLocaleString` takes a hundred times as long, and the first call tens of milliseconds.
	return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `HH:MM:SS` of the local clock. */
export function formatTime(at: number): string {
	const date = new Date(at);
	return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':');
}
