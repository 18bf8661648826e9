import type {LogLine, LogRecord} from '../../protocol/views.ts';
import type {SanitiseOptions} from '../../text/sanitise.ts';
import {LogIntake} from './intake.ts';
import type {KeptLine, LogOrigin, NewLine} from './ring.ts';
import {LogRing} from './ring.ts';
import type {MergedLines} from './selection.ts';
import type {LogClient} from './streams.ts';
import {byteLength} from './streams.ts';

/** Of an attempt's output, what is read at once when somebody scrolls up. */
const pageBytes = 256 * 1024;
/** Of merged lines, the first look back in time; each further one is longer, until there are lines enough. */
const firstLookMs = 10_000;
const longestLookMs = 400 * 86_400_000;
const pageLines = 2000;

export type PageOptions = {
	readonly client: LogClient;
	readonly sanitise: SanitiseOptions;
	readonly originOf: (line: LogLine) => LogOrigin;
};

/** The lines of one attempt right before a line of it, about `pageBytes` of them; none: it is the first. */
export async function taskPageBefore(before: KeptLine, {client, sanitise}: PageOptions, signal: AbortSignal): Promise<readonly NewLine[]> {
	const {offset: end = 0, origin} = before;
	if (end === 0) return [];
	const {run, task, attempt} = origin;
	for (let size = pageBytes; ; size *= 2) {
		const start = Math.max(0, end - size);
		const page = new Page(sanitise);
		let isTorn = start > 0;
		for await (const record of client.taskRecords({run, task, attempt, offset: start}, signal)) {
			const part = upTo(record, end);
			if (part === undefined) break;
			page.intake.addRecord(part, origin, {isTorn});
			isTorn = false;
		}
		const lines = page.lines();
		// A line may be longer than a page.
		if (lines.length > 0 || start === 0 || signal.aborted) return lines;
	}
}

/** The lines of many tasks right before one of them; none: there are no older ones, or none in the last 400 days. */
export async function mergedPageBefore(
	before: KeptLine,
	{query, wants}: MergedLines,
	{client, sanitise, originOf}: PageOptions,
	signal: AbortSignal,
): Promise<readonly NewLine[]> {
	for (let look = firstLookMs; look <= longestLookMs && !signal.aborted; look *= 8) {
		const page = new Page(sanitise);
		const since = new Date(Math.max(0, before.at - look)).toISOString();
		for await (const line of client.lines({...query, since}, signal)) {
			if (line.at > before.at) break;
			if (wants(line)) page.intake.addLine(line, originOf(line));
			page.takeSome();
		}
		const lines = withoutKnown(page.lines(), before);
		if (lines.length >= pageLines / 4 || before.at - look <= 0) return lines;
		if (lines.length > 0 && look * 8 > longestLookMs) return lines;
	}
	return [];
}

/** Lines that are read to be put before others: of more than a page, the newest. */
class Page {
	readonly intake: LogIntake;
	readonly #ring = new LogRing({limit: pageLines * 2});
	#added = 0;

	constructor(sanitise: SanitiseOptions) {
		this.intake = new LogIntake({ring: this.#ring, frameLines: Number.POSITIVE_INFINITY, sanitise});
	}

	takeSome(): void {
		if (++this.#added % pageLines === 0) this.intake.flush();
	}

	lines(): readonly NewLine[] {
		this.intake.flush();
		return this.#ring.chunks.flatMap(({lines}) => lines.map(({seq: _, ...line}) => line)).slice(-pageLines);
	}
}

/** Lines of the same millisecond may be there already: from the first that is, they are left out. */
function withoutKnown(lines: readonly NewLine[], {at, text, origin}: KeptLine): readonly NewLine[] {
	const {run, task, attempt} = origin;
	const isSame = (other: LogOrigin) => other.run === run && other.task === task && other.attempt === attempt;
	const known = lines.findIndex(line => line.at === at && line.text === text && isSame(line.origin));
	if (known >= 0) return lines.slice(0, known);
	return lines.filter(line => line.at < at);
}

/** What of a piece stands before `end`; undefined: nothing does. */
function upTo(record: LogRecord, end: number): LogRecord | undefined {
	if ('dropped' in record || record.offset >= end) return undefined;
	const length = byteLength(record);
	if (record.offset + length <= end) return record;
	const bytes = 'text' in record ? Buffer.from(record.text) : Uint8Array.fromBase64(record.base64);
	const {stream, at, offset} = record;
	return {stream, at, offset, base64: bytes.subarray(0, end - offset).toBase64()};
}
