import type {EventEmitter} from 'node:events';
import type {Instance} from 'ink';
import {Box, render, Text, useApp, useInput, usePaste} from 'ink';
import type {ReactNode} from 'react';
import {useEffect, useSyncExternalStore} from 'react';
import {bindings} from './tui/keys/keymap.ts';
import {keyNames} from './tui/keys/keys.ts';
import type {KeyChoices} from './tui/keys/rebind.ts';
import {rebound} from './tui/keys/rebind.ts';
import type {Size} from './tui/picture/layout.ts';
import {backgroundOf} from './tui/picture/palette.ts';
import {Painter, switchesOnly} from './tui/terminal/painter.ts';
import type {TerminalStream} from './tui/terminal/stdio-guard.ts';
import {guardStreams, withWrite} from './tui/terminal/stdio-guard.ts';
import type {RunProgram, SuspendTerminal} from './tui/terminal/terminal-host.ts';
import {runChild, TerminalHost} from './tui/terminal/terminal-host.ts';
import {Tui} from './tui/tui.ts';
import type {TuiOptions} from './tui/tui-options.ts';
import type {Leaving} from './tui/ui.ts';

type Stdout = TerminalStream & {readonly columns?: number; readonly rows?: number};

export type ScreenOptions = Pick<TuiOptions, 'client' | 'role' | 'look' | 'run' | 'readonly' | 'address' | 'limits' | 'now'> & {
	readonly stdin: NodeJS.ReadableStream;
	readonly stdout: Stdout;
	readonly stderr: TerminalStream;
	/** Where signals and warnings are heard. */
	readonly process: EventEmitter;
	/** Ctrl+C, which a terminal in raw mode sends as a key. */
	readonly interrupt: () => void;
	/** A program has the terminal, and its keys with it, until what is returned is called. */
	readonly lendKeys?: () => () => void;
	/** Other keys, by the name of what they do. */
	readonly keys?: KeyChoices;
	/** Whose `PAGER` counts, and what programs that take the terminal over get. */
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** Runs a program on the terminal; by default as a child of this process. */
	readonly runProgram?: RunProgram;
};

export type OpenScreen = {
	/** Resolves when somebody leaves it; rejects when it cannot go on. */
	readonly left: Promise<Leaving>;
	/** Asks whether to leave. */
	ask(): void;
	/** Gives the terminal back as it was: at once, unless a program has it, which is ended before. */
	release(): Promise<void>;
	/** What was kept from the terminal meanwhile. */
	readonly diagnostics: readonly string[];
};

/** How Ink is to have the terminal, and to draw where it does: for a screen reader. */
const screenOptions = {
	alternateScreen: true,
	// Only lines that changed are written: no flicker where the terminal does not know synchronised output.
	incrementalRendering: true,
	// Frames are limited by whoever draws; a limit of the same rate here would halve it.
	maxFps: 60,
	exitOnCtrlC: false,
	patchConsole: false,
	interactive: true,
} as const;

/** Takes the terminal over: its alternate screen, its keys, and everything that would be written to it. */
export function openScreen({
	stdin,
	stdout,
	stderr,
	process: signals,
	interrupt,
	environment,
	runProgram = runChild,
	lendKeys = () => () => undefined,
	keys = {},
	look,
	...about
}: ScreenOptions): OpenScreen {
	const isSpoken = environment.INK_SCREEN_READER === 'true';
	const guard = guardStreams({stdout, stderr, process: signals}, text => tui.diagnose(text));
	let suspendTerminal: SuspendTerminal = during => during();
	let redraw: () => void = () => undefined;
	const host = new TerminalHost({
		stdin,
		environment,
		runProgram,
		lendKeys,
		write: text => void guard.stdout.write(text),
		suspend: during => suspendTerminal(during),
		regain: () => {
			guard.regain();
			guard.stdout.write(freshLine(sizeOf(stdout)));
		},
	});
	const tui = new Tui({
		...about,
		isSpoken,
		keymap: rebound(bindings, keys),
		look: {...look, ...backgroundOf(environment.COLORFGBG)},
		size: sizeOf(stdout),
		isFree: () => guard.stdout.writableNeedDrain !== true,
		suspend: () => host.stop(signals),
		host,
		redraw: () => redraw(),
	});
	const resized = () => tui.resize(sizeOf(stdout));
	const drained = () => tui.drained();
	// Heard before Ink hears it, so that what it draws then has the new size.
	stdout.on('resize', resized);
	stdout.on('drain', drained);
	const drawn = isSpoken ? speak(tui, stdin, guard.stdout, interrupt) : draw(tui, stdin, guard.stdout, interrupt);
	suspendTerminal = drawn.suspend;
	redraw = drawn.redraw ?? (() => void host.lend(async () => undefined));
	const broken = drawn.instance.waitUntilExit().then(() => new Promise<never>(() => undefined));
	return {
		left: Promise.race([tui.left, broken]),
		ask: () => tui.askToLeave(),
		async release() {
			const running = host.takeBack();
			if (running !== undefined) await running;
			const done = tui.close();
			stdout.removeListener('resize', resized);
			stdout.removeListener('drain', drained);
			drawn.leave();
			guard.release();
			host.close();
			await done;
		},
		get diagnostics() {
			return tui.diagnostics;
		},
	};
}

/** What a program left within a line stays there: so many blanks go on in the next one, unless the cursor was at the beginning. */
function freshLine({columns}: Size): string {
	return `${' '.repeat(columns - 1)}\r`;
}

type Drawn = {
	readonly instance: Instance;
	readonly suspend: SuspendTerminal;
	/** All of it once more, whatever stands on the terminal; absent: as when it is taken back from somebody. */
	readonly redraw?: () => void;
	/** Gives keys and terminal back, also while somebody else has them. */
	readonly leave: () => void;
};

/** Ink has the terminal and the keys; the rows are put there by a painter. */
function draw(tui: Tui, stdin: NodeJS.ReadableStream, stdout: TerminalStream, interrupt: () => void): Drawn {
	const painter = new Painter(text => void stdout.write(text));
	const paint = () => painter.paint(tui.picture());
	let handOver: SuspendTerminal = during => during();
	const keys = <Keys tui={tui} interrupt={interrupt} onSuspendable={suspend => (handOver = suspend)} />;
	const ofInk = withWrite(stdout, switchesOnly(stdout));
	const instance = render(keys, {stdin, stdout: ofInk, stderr: ofInk, ...screenOptions, isScreenReaderEnabled: false});
	tui.subscribe(paint);
	paint();
	let isLeft = false;
	const suspend: SuspendTerminal = async during => {
		painter.pause();
		try {
			await handOver(during);
		} finally {
			if (!isLeft) {
				painter.resume();
				paint();
			}
		}
	};
	const leave = () => {
		isLeft = true;
		instance.unmount();
	};
	// Without Ink, which would go to the normal screen and come back.
	const redraw = () => {
		painter.forget();
		if (stdout.writableNeedDrain !== true) paint();
	};
	return {instance, suspend, redraw, leave};
}

/** All of it is Ink's, which knows how to speak to a screen reader. */
function speak(tui: Tui, stdin: NodeJS.ReadableStream, stdout: TerminalStream, interrupt: () => void): Drawn {
	let handOver: SuspendTerminal = during => during();
	const spoken = (
		<Keys tui={tui} interrupt={interrupt} onSuspendable={suspend => (handOver = suspend)}>
			<Spoken tui={tui} />
		</Keys>
	);
	const instance = render(spoken, {stdin, stdout, stderr: stdout, ...screenOptions, isScreenReaderEnabled: true});
	return {instance, suspend: during => handOver(during), leave: () => instance.unmount()};
}

function sizeOf({columns, rows}: Stdout): Size {
	// On Windows a frame as high as the terminal is drawn whole each time.
	const margin = process.platform === 'win32' ? 1 : 0;
	return {columns: columns || 80, rows: (rows || 24) - margin};
}

type KeysProps = {
	readonly tui: Tui;
	readonly interrupt: () => void;
	readonly onSuspendable: (suspend: SuspendTerminal) => unknown;
	readonly children?: ReactNode;
};

/** All keys to where they are understood. */
function Keys({tui, interrupt, onSuspendable, children}: KeysProps) {
	const {suspendTerminal} = useApp();
	useEffect(() => void onSuspendable(suspendTerminal as SuspendTerminal), [suspendTerminal, onSuspendable]);
	useInput((input, key) => {
		const keys = keyNames(input, key);
		if (keys.includes('ctrl+c')) interrupt();
		tui.press(keys.filter(name => name !== 'ctrl+c'));
	});
	usePaste(text => tui.paste(text));
	return children;
}

/** The picture as plain lines, which Ink hands to a screen reader. */
function Spoken({tui}: {readonly tui: Tui}) {
	const {size, bands} = useSyncExternalStore(tui.subscribe, tui.picture);
	return (
		<Box width={size.columns} height={size.rows} flexDirection="column" overflow="hidden">
			{bands.map((band, at) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: bands have no other name than their place
				<Box key={at} flexShrink={0} height={band[0]?.rows.length ?? 0}>
					{band.map(({width, rows}, index) => (
						// biome-ignore lint/suspicious/noArrayIndexKey: the same
						<Box key={index} width={width} flexShrink={0}>
							<Text wrap="truncate">{rows.join('\n')}</Text>
						</Box>
					))}
				</Box>
			))}
		</Box>
	);
}
