import type {RunId} from '../model/ids.ts';
import type {Invocation} from './command.ts';
import type {Access} from './orchestrators.ts';
import {isInForeground} from './terminal/foreground.ts';
import type {Interruption} from './terminal/interruptions.ts';

/** How a screen was left: by a person's choice, or by a signal. */
export type Left = {readonly how: 'quit' | 'detach' | 'cancel'} | {readonly how: 'signal'; readonly signal: Interruption};

export type ScreenAbout = {
	/** `owner`: the orchestrator of this process, for a run; `manager`: the same, and it stays; `client`: one elsewhere. */
	readonly role: 'owner' | 'manager' | 'client';
	readonly run?: RunId;
	/** Rejects when there is no use in going on. */
	readonly failure?: Promise<never>;
};

const toldDiagnostics = 5;

/** Whether the full-screen display is wanted, and somebody is there to see it. */
export function wantsScreen({flags, config, stdin}: Invocation): boolean {
	if (flags.tui === false || flags.json === true || !config.interactive) return false;
	return (stdin() as NodeJS.ReadableStream & {isTTY?: boolean}).isTTY === true && isInForeground();
}

/** Shows the full-screen display until somebody leaves it; the terminal is as before then. */
export async function showScreen({client, address}: Access, invocation: Invocation, {role, run, failure}: ScreenAbout): Promise<Left> {
	const {config, flags, host, interruptions, terminal, diagnostics} = invocation;
	const {openScreen} = await import('../app.tsx');
	const screen = openScreen({
		client,
		role,
		look: {colour: config.colour.out, unicode: config.unicode, theme: config.theme},
		keys: config.keys,
		limits: config.limits,
		environment: config.environment,
		stdin: host.stdin(),
		stdout: host.stdout,
		stderr: host.stderr,
		process: host.signals,
		interrupt: () => interruptions.interrupt(),
		lendKeys: () => interruptions.lend(),
		readonly: flags.readonly === true,
		...(address !== undefined && {address}),
		...(run !== undefined && {run}),
	});
	terminal.take(() => screen.release());
	const signalled = Promise.withResolvers<Left>();
	interruptions.take(signal => {
		if (signal === 'SIGINT') screen.ask();
		else signalled.resolve({how: 'signal', signal});
	});
	try {
		const chosen = screen.left.then((how): Left => ({how}));
		return await Promise.race([chosen, signalled.promise, ...(failure === undefined ? [] : [failure])]);
	} finally {
		await terminal.release();
		tellDiagnostics(screen.diagnostics, diagnostics);
	}
}

/** What nobody may have seen behind the screen. */
function tellDiagnostics(lines: readonly string[], diagnostics: Invocation['diagnostics']): void {
	const more = lines.length - toldDiagnostics;
	if (more > 0) diagnostics.info(`${more} earlier lines of diagnostics are left out`);
	for (const line of lines.slice(-toldDiagnostics)) diagnostics.info(line.replace(/^byoai: /, ''));
}
