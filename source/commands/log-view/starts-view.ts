import type {ViewChange} from '../../protocol/views.ts';
import type {Style} from '../../text/style.ts';
import type {StatusLine} from '../terminal/status-line.ts';
import {Starts, startsLine} from './starts.ts';

export type StartsViewOptions = {readonly statusLine: StatusLine; readonly style: Style; readonly unicode: boolean};

/** How long it takes so far is told in seconds. */
const tickMs = 1000;

/** Shows at the foot of the terminal what is being started, and how far that is. */
export class StartsView {
	readonly #options: StartsViewOptions;
	readonly #starts = new Starts();
	readonly #timer: NodeJS.Timeout;
	#isClosed = false;

	constructor(options: StartsViewOptions) {
		this.#options = options;
		this.#timer = setInterval(() => this.#show(), tickMs).unref();
	}

	/** Rows that changed, or, with `isAll`, all there are. */
	news(rows: ViewChange, isAll: boolean): void {
		if (isAll) this.#starts.snapshot(rows, Date.now());
		else this.#starts.change(rows, Date.now());
		this.#show();
	}

	/** The line is gone. */
	close(): void {
		this.#isClosed = true;
		clearInterval(this.#timer);
		this.#options.statusLine.end();
	}

	#show(): void {
		if (this.#isClosed) return;
		const {statusLine, style, unicode} = this.#options;
		statusLine.set(columns => {
			const now = Date.now();
			return startsLine(this.#starts.shown(now), now, {style, unicode, columns});
		});
	}
}
