import {ByoaiError} from '../model/error.ts';
import {runEnded} from '../model/run.ts';
import type {RunRow} from '../protocol/views.ts';
import type {Errand} from './acting/acts.ts';
import {Errands} from './acting/errands.ts';
import {leaveDialog, leaveDialogNow} from './acting/leaving.ts';
import {isChange} from './acting/readonly.ts';
import {Content} from './content.ts';
import {idsOf} from './data/lists.ts';
import type {Snapshot} from './data/snapshot.ts';
import type {DrawCommand} from './drawings/draw-commands.ts';
import type {Press} from './input.ts';
import {paste, pressKey} from './input.ts';
import type {Binding} from './keys/keymap.ts';
import {bindings} from './keys/keymap.ts';
import {sheetLength} from './layers/detail-rows.ts';
import type {Size} from './picture/layout.ts';
import {heightsOf} from './picture/layout.ts';
import type {Palette} from './picture/palette.ts';
import {createPalette} from './picture/palette.ts';
import {spokenScreen} from './picture/spoken.ts';
import type {Band} from './screen.ts';
import {drawScreen} from './screen.ts';
import {Frames} from './terminal/frames.ts';
import type {TuiOptions} from './tui-options.ts';
import type {Effect, Leaving, Ui} from './ui.ts';
import {initialUi} from './ui.ts';
import type {Sight, Updated} from './update.ts';
import {choose, placeIndex} from './update.ts';

/** A picture: bands of rows from top to bottom, for a terminal of a size. */
export type Picture = {readonly size: Size; readonly bands: readonly Band[]};

const keptDiagnostics = 1000;
const secondMs = 1000;

/** The screen without a terminal: data and keys go in, pictures come out. */
export class Tui {
	/** Resolves when the screen is to be left; rejects when it cannot go on. */
	readonly left: Promise<Leaving>;
	readonly #options: TuiOptions;
	readonly #content: Content;
	readonly #errands: Errands;
	readonly #keymap: readonly Binding[];
	readonly #frames: Frames;
	readonly #palette: Palette;
	readonly #listeners = new Set<() => void>();
	readonly #leave: (how: Leaving) => void;
	readonly #fail: (error: unknown) => void;
	readonly #clock: NodeJS.Timeout;
	#diagnostics: readonly string[] = [];
	#ui: Ui;
	#size: Size;
	#picture: Picture;

	constructor(options: TuiOptions) {
		this.#options = options;
		const {client, role, host, run, look, limits, size, address, readonly: isReadonly = false} = options;
		const {promise, resolve, reject} = Promise.withResolvers<Leaving>();
		[this.left, this.#leave, this.#fail] = [promise, resolve, reject];
		// Who opened the screen hears of it when it waits for that; until then it is no unhandled rejection.
		promise.catch(() => undefined);
		this.#ui = initialUi(run);
		this.#size = size;
		this.#keymap = options.keymap ?? bindings;
		this.#palette = createPalette(look);
		this.#frames = new Frames({draw: () => this.#draw(), isFree: options.isFree ?? (() => true)});
		this.#content = new Content({
			client,
			look,
			limits,
			isReadonly,
			palette: this.#palette,
			now: options.now ?? Date.now,
			address: address ?? (() => client.url),
			heard: () => this.#frames.soon(),
			failed: error => this.#say(error),
		});
		this.#content.done.catch(this.#fail);
		this.#errands = new Errands({
			client,
			role,
			host,
			snapshot: () => this.#snapshot(),
			line: () => this.#content.logs.line,
			change: how => this.#change(how),
			failed: this.#fail,
		});
		this.#frames.resize(size.columns, size.rows);
		this.#picture = this.#paint();
		// What goes on takes longer with every second.
		this.#clock = setInterval(() => this.#frames.soon(), secondMs);
	}

	get diagnostics(): readonly string[] {
		return this.#diagnostics;
	}

	/** Changes exactly when something else is to be shown. */
	readonly picture = (): Picture => this.#picture;

	readonly subscribe = (listener: () => void): (() => void) => {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	};

	/** Keys that came in one piece. */
	press(keys: readonly string[]): void {
		const [first, ...more] = keys;
		if (first === undefined) return;
		for (const key of keys) this.#pressOne({key, isAlone: more.length === 0});
		this.#frames.now();
	}

	paste(text: string): void {
		this.#take(paste(this.#ui, text));
		this.#frames.now();
	}

	resize(size: Size): void {
		this.#size = size;
		this.#frames.resize(size.columns, size.rows);
		this.#frames.now();
	}

	drained(): void {
		this.#frames.drained();
	}

	/** Something that would have been written through the screen. */
	diagnose(text: string): void {
		const lines = text.replace(/\n+$/, '').split('\n');
		this.#diagnostics = [...this.#diagnostics, ...lines].slice(-keptDiagnostics);
		this.#frames.soon();
	}

	/** What Ctrl+C opens. */
	askToLeave(): void {
		this.#ui = {...this.#ui, dialog: leaveDialog(this.#options.role, this.#active())};
		this.#frames.now();
	}

	/** Nothing more is shown; resolves when no file is left that nobody needs any more. */
	close(): Promise<void> {
		clearInterval(this.#clock);
		this.#frames.stop();
		this.#content.close();
		this.#listeners.clear();
		return this.#errands.close();
	}

	#active(): readonly RunRow[] {
		return this.#content.runs.filter(({status}) => !runEnded(status));
	}

	#pressOne(press: Press): void {
		this.#take(pressKey(this.#ui, press, this.#sight(), this.#keymap));
	}

	#take({ui, effect}: Updated): void {
		this.#ui = ui;
		if (effect !== undefined) this.#perform(effect);
	}

	#perform(effect: Effect): void {
		const {suspend, redraw, readonly: isReadonly} = this.#options;
		if (isReadonly === true && isChange(effect)) return this.#message('this screen is read-only: it was opened with --readonly', true);
		switch (effect.type) {
			case 'leave':
				return this.#leave(effect.how);
			case 'suspend':
				return void suspend?.().then(hasStopped => {
					if (!hasStopped) this.#message('there is no shell here that could bring it back', true);
				});
			case 'redraw':
				return redraw?.();
			case 'act':
				return this.#errands.act(effect.act);
			case 'errand':
				return this.#errand(effect.errand);
			case 'log':
				return this.#content.logs.perform(effect.command);
			case 'draw':
				return this.#drawOn(effect.command);
			case 'cancel-run':
				return this.#errands.act({type: 'cancel', run: effect.run});
		}
	}

	#errand(errand: Errand): void {
		if (errand.type !== 'theme') return this.#errands.do(errand);
		// The same object stays: whoever draws with it draws with the new colours.
		Object.assign(this.#palette, createPalette({...this.#options.look, theme: errand.theme}));
		this.#frames.now();
	}

	/** What is chosen in a drawing is chosen in the list of tasks, too. */
	#drawOn(command: DrawCommand): void {
		const {lists, heights, snapshot} = this.#sight();
		const chosen = lists.tasks[placeIndex(idsOf(lists, 'tasks'), this.#ui.places.tasks)];
		const task = this.#content.drawings.perform(command, chosen?.task ?? 0, snapshot.tasks.length);
		const id = snapshot.tasks[task]?.id;
		const at = lists.tasks.findIndex(row => row.id === id);
		this.#ui = choose(this.#ui, 'tasks', id, {at: Math.max(0, at), count: lists.tasks.length, height: heights.tasks});
	}

	#message(text: string, isError: boolean): void {
		this.#change(ui => ({...ui, message: {text, isError}}));
	}

	#change(how: (ui: Ui) => Ui): void {
		this.#ui = how(this.#ui);
		this.#frames.now();
	}

	#say(error: unknown): void {
		if (error instanceof ByoaiError) this.#message(error.message, true);
		else this.#fail(error);
	}

	#snapshot(): Snapshot {
		return {...this.#content.snapshot(this.#ui.run), now: (this.#options.now ?? Date.now)(), diagnostics: this.#diagnostics};
	}

	#sight(): Sight {
		const snapshot = this.#snapshot();
		const lists = this.#content.lists(snapshot, this.#ui);
		const {columns, rows} = this.#size;
		const isOpen = this.#ui.layer?.kind === 'detail';
		return {
			snapshot,
			lists,
			heights: heightsOf(this.#size, this.#ui),
			role: this.#options.role,
			isNarrowed: this.#content.logs.isNarrowed,
			sheet: {rows: isOpen ? sheetLength(snapshot.detail, snapshot.now, columns, this.#palette) : 0, height: rows - 4},
		};
	}

	#paint(): Picture {
		const snapshot = this.#snapshot();
		const lists = this.#content.lists(snapshot, this.#ui);
		const {unicode} = this.#options.look;
		this.#content.prepare(snapshot, this.#ui);
		const {logs, drawings} = this.#content;
		const shown = {snapshot, ui: this.#ui, lists, logs, drawings};
		const scene = {...shown, palette: this.#palette, unicode, keymap: this.#keymap, size: this.#size};
		return {size: this.#size, bands: this.#options.isSpoken === true ? spokenScreen(scene) : drawScreen(scene)};
	}

	#draw(): void {
		const {dialog} = this.#ui;
		if (dialog?.isAboutRuns === true) this.#ui = {...this.#ui, dialog: leaveDialogNow(dialog, this.#options.role, this.#active())};
		// Once a picture, and not for each of a hundred changes a second.
		this.#content.follow(this.#ui);
		this.#picture = this.#paint();
		for (const listener of this.#listeners) listener();
	}
}
