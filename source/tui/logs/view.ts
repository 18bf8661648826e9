import type {LogFilter} from './filter.ts';
import {passesAll} from './filter.ts';
import type {LineLook} from './format.ts';
import type {LogLevel} from './level.ts';
import type {Budget} from './line-index.ts';
import {LineIndex, pending} from './line-index.ts';
import type {LogPaint} from './paint.ts';
import type {LogPattern} from './pattern.ts';
import type {Place, Screen, ShownLines} from './place.ts';
import {down, isBefore, lastPage, placeAt, screen, up} from './place.ts';
import type {KeptLine, LogRing} from './ring.ts';
import {LogRows} from './rows.ts';
import type {Jump, Landing} from './search.ts';
import {LogSearch} from './search.ts';

export type LogViewOptions = {
	readonly ring: LogRing;
	readonly paint: LogPaint;
	/** Milliseconds of a clock that only goes forward: how long work at the lines may take. */
	readonly now: () => number;
};

/** Neither a key nor a frame waits for longer than that for lines to be looked at. */
const sliceMs = 4;
/** Of a screen, what stands above a line that was jumped to. */
const above = 1 / 3;

/**
 * The log pane as a value: which lines of a ring are shown, and from where on. It follows the end, or is pinned to a line by
 * its number: then nothing on the screen moves, whatever comes in. Only the rows on the screen are ever made.
 */
export class LogView {
	readonly ring: LogRing;
	readonly #now: () => number;
	readonly #search: LogSearch;
	/** How lines look: times, labels, wrapped or not. */
	readonly look: LogRows;
	#height = 1;
	#top: Place | undefined;
	#receivedAtPin = 0;
	/** Where it was before somebody began to type a search. */
	#anchor: {readonly top: Place | undefined} | undefined;
	#filter: LineIndex | undefined;
	#budget: Budget;
	#screen: Screen = {rows: [], lines: []};
	#open = '';

	constructor({ring, paint, now}: LogViewOptions) {
		this.ring = ring;
		this.#now = now;
		this.#budget = {until: Number.NEGATIVE_INFINITY, now};
		this.#search = new LogSearch(ring);
		this.look = new LogRows(ring, paint);
	}

	/** Whether new lines are shown as they come. */
	get following(): boolean {
		return this.#top === undefined;
	}

	/** How many lines came since it was pinned. */
	get cameSince(): number {
		return this.following ? 0 : this.ring.received - this.#receivedAtPin;
	}

	/** What is set, for a title or a footer. */
	get settings(): Pick<LineLook, 'wrap' | 'shift' | 'timestamps'> & {readonly filtered: boolean; readonly search: string | undefined} {
		const {wrap, shift, timestamps, search} = this.look.now;
		return {wrap, shift, timestamps, filtered: this.#filter !== undefined, search: search?.text};
	}

	/** The first line at hand is on the screen, or near: what is before it may be read from disk. */
	get wantsOlder(): boolean {
		if (this.following) return this.ring.size < this.#height;
		return (this.#screen.lines[0] ?? this.ring.start) <= this.ring.start + this.#height;
	}

	/** The rows of a pane of that size, from the top: at most `height`, none wider than `width`. */
	rows(width: number, height: number): readonly string[] {
		this.look.change({width: Math.max(1, width)});
		this.#height = Math.max(1, height);
		this.#begin();
		const place = this.#place();
		this.#screen = place === undefined ? {rows: [], lines: []} : screen(this.#shown, place, this.#height);
		this.#hold();
		const {rows} = this.#screen;
		return this.#open === '' || !this.following ? rows : [...rows, this.look.ofOpen(this.#open)].slice(-this.#height);
	}

	/** The line that has not ended, sanitised: it stands below the others while following. Empty: there is none. */
	setOpen(text: string): void {
		this.#open = text;
	}

	/** The lines on the screen as it was last made: what is copied or saved. */
	get visible(): readonly KeptLine[] {
		return this.#screen.lines.flatMap(seq => this.ring.get(seq) ?? []);
	}

	/** Up by so many rows where negative, else down; down past the end follows again. */
	scroll(rows: number): void {
		this.#begin();
		this.keepSearch();
		const top = this.#place();
		if (top === undefined) return;
		const shown = this.#shown;
		if (rows < 0) return this.#pin(up(shown, top, -rows) ?? top);
		const end = lastPage(shown, this.#height);
		const next = down(shown, top, rows);
		if (next === undefined || end === undefined || !isBefore(next, end)) this.follow();
		else this.#pin(next);
	}

	/** By so many screens, with one row of the old one left. */
	page(screens: number): void {
		this.scroll(Math.trunc(screens * Math.max(1, this.#height - 1)));
	}

	/** To the first line at hand. */
	toStart(): void {
		this.#begin();
		this.#pin(placeAt(this.#shown, {seq: this.ring.start, row: 0}));
	}

	/** To the end, and with it as it grows. */
	follow(): void {
		this.#top = undefined;
		this.ring.hold(undefined);
	}

	/** Stays where it is. */
	pin(): void {
		this.#begin();
		if (this.following) this.#pin(this.#place());
	}

	/** Shows only lines that pass all filters and are at least of that level; lines that say no level count as `info`. */
	setFilters(filters: readonly LogFilter[], least?: LogLevel): void {
		const passes = passesAll(filters, least);
		this.#filter = passes && new LineIndex(this.ring, passes);
		this.#search.setFilter(passes ?? (() => true));
	}

	/**
	 * Searches as it is typed, each time from where it was before: stays there if something on the screen matches, else goes on to the
	 * next match. While following, the newest match is looked for. Undefined: no search, and back to where it was.
	 */
	setSearch(pattern: LogPattern | undefined): Jump {
		this.#begin();
		this.#anchor ??= {top: this.#top};
		const {top} = this.#anchor;
		if (top === undefined) this.follow();
		else this.#pin(top);
		this.#screen = screen(this.#shown, this.#place() ?? {seq: this.ring.start, row: 0}, this.#height);
		this.#anchor = pattern && {top};
		return this.#land(this.#search.setPattern(pattern, top?.seq, this.#budget));
	}

	/** The search stays as it is, and so does the place where it led. */
	keepSearch(): void {
		this.#anchor = undefined;
	}

	/** To the next match of the search, round the end if need be. */
	nextMatch(forward = true): Jump {
		this.#begin();
		this.keepSearch();
		return this.#land(this.#search.next('match', forward, this.#screen.lines, this.#budget));
	}

	/** To the next line that says that it is an error. */
	nextError(forward = true): Jump {
		this.#begin();
		this.keepSearch();
		return this.#land(this.#search.next('error', forward, this.#screen.lines, this.#budget));
	}

	/** How many lines match the search, and which of them it stands at, from 1; 0: at none. `whole`: all lines were looked at. */
	get matches(): LogSearch['count'] {
		return this.#search.count;
	}

	/** Goes on with what did not fit into a key or a frame: to be called while it answers true, with frames and keys in between. */
	work(): boolean {
		this.#begin();
		const {done, landing} = this.#search.work(this.#budget);
		if (landing !== undefined) this.#land(landing);
		return !(this.#filter?.work(this.#budget) ?? true) || !done;
	}

	/** Other lines are to be shown: follows their end. Settings stay. */
	reset(): void {
		this.keepSearch();
		this.ring.clear();
		this.look.forget();
		this.#search.reset();
		this.#open = '';
		this.look.change({searchAt: undefined, shift: 0});
		this.follow();
	}

	get #shown(): ShownLines {
		const {ring} = this;
		const filter = this.#filter;
		return {
			atOrAfter: seq => (filter === undefined ? ring.atOrAfter(seq) : filter.atOrAfter(seq, this.#budget)),
			before: seq => (filter === undefined ? ring.before(seq) : filter.before(seq, this.#budget)),
			rows: seq => this.look.of(seq),
			end: ring.end,
		};
	}

	#begin(): void {
		this.#budget = {until: this.#now() + sliceMs, now: this.#now};
	}

	/** The first row of the screen: where it is pinned, unless that left the foot of the screen empty; then it is pinned further up. */
	#place(): Place | undefined {
		const shown = this.#shown;
		const end = lastPage(shown, this.#height);
		if (this.#top === undefined || end === undefined) return end;
		const from = shown.atOrAfter(this.#top.seq);
		// What comes next is not known yet, and it may be there.
		if (from === pending) return end;
		const pinned = from === undefined ? undefined : placeAt(shown, this.#top);
		this.#top = pinned !== undefined && isBefore(pinned, end) ? pinned : end;
		return this.#top;
	}

	#pin(place: Place | undefined): void {
		if (place === undefined) return;
		if (this.following) this.#receivedAtPin = this.ring.received;
		this.#top = place;
		this.#hold();
	}

	#hold(): void {
		const from = this.#top?.seq;
		if (from !== undefined) this.ring.hold({from, to: Math.max(from, this.#screen.lines.at(-1) ?? from)});
	}

	#land({jump, line}: Landing): Jump {
		this.look.change({search: this.#search.pattern, searchAt: this.#search.at});
		if (line === undefined) return jump;
		const {lines} = this.#screen;
		// What is on the screen already stays where it is; of the first line, only the end may be there.
		const place = this.#place();
		const isThere = lines.includes(line) && (lines[0] !== line || place?.row === 0);
		const top = isThere ? place : up(this.#shown, {seq: line, row: 0}, Math.floor(this.#height * above));
		if (top === undefined) return jump;
		this.#pin(top);
		// The next jump may come before the next frame, and starts from what is on the screen.
		this.#screen = screen(this.#shown, top, this.#height);
		return jump;
	}
}
