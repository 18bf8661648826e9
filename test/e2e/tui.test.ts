import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {CliPlace, program} from '../helpers/cli.ts';
import {PtyProgram} from '../helpers/pty-program.ts';
import {PtyShell} from '../helpers/pty-shell.ts';

const short = 'name: short\ntasks: [{name: one, command: echo one is through}]\n';
const failing = 'name: failing\ntasks: [{name: one, command: exit 7}]\n';
const waiting = `name: waiting
tasks:
  - {name: wait, command: "trap 'echo asked to end; exit 3' TERM; echo ready; while [ ! -e go ]; do sleep 0.05; done; echo through"}
`;
const flags = ['-f', 'flow.yml', '--port', '0'];

function placeWith(flow: string): CliPlace {
	const place = new CliPlace();
	place.file('flow.yml', flow);
	return place;
}

async function opened(flow: string, options: ConstructorParameters<typeof PtyProgram>[2] = {}) {
	const place = placeWith(flow);
	const screen = new PtyProgram(place, flags, options);
	await screen.shows(/1 Agents|2 Tasks/);
	return {place, screen};
}

async function statusOf(place: CliPlace): Promise<string> {
	const [run] = JSON.parse((await place.run(['ps', '--json'])).stdout);
	return run?.status;
}

describe('leaving', () => {
	test.each([
		['succeeded', short, 0, /✔ run r\w+ succeeded/],
		['failed', failing, 1, /✖ run r\w+ failed/],
	] as const)('once the run has %s, its status is the exit status, and a summary stays', async (status, flow, exit, summary) => {
		const {screen} = await opened(flow);
		await screen.showsRun(status);
		expect(screen.isAlternate).toBe(true);
		screen.press('q');
		expect(await screen.ended).toEqual({status: exit, signal: undefined});
		await expect.poll(() => screen.isAlternate).toBe(false);
		await screen.shows(summary);
	});

	test('cancelling it first', async () => {
		const {place, screen} = await opened(waiting);
		await screen.shows('wait │ ready');
		screen.press('q');
		await screen.shows('still goes on');
		screen.press('c');
		expect(await screen.ended).toMatchObject({status: 1});
		await screen.shows('asked to end');
		expect(await statusOf(place)).toBe('cancelled');
	});

	test('to go on as a log', async () => {
		const {place, screen} = await opened(waiting);
		await screen.shows('wait │ ready');
		screen.press('ctrl+c');
		await screen.shows('still goes on');
		screen.press('d');
		await expect.poll(() => screen.isAlternate).toBe(false);
		place.file('go', '');
		await screen.shows('wait  through');
		expect(await screen.ended).toMatchObject({status: 0});
	});

	test('at once, by Ctrl+C twice', async () => {
		const {screen} = await opened(waiting);
		await screen.shows('wait │ ready');
		screen.press('ctrl+c');
		await screen.shows('still goes on');
		screen.press('ctrl+c');
		expect(await screen.ended).toMatchObject({status: 130});
		await expect.poll(() => screen.isAlternate).toBe(false);
	});

	test('by a signal when the run has ended: it is summed up as ever, and not cancelled', async () => {
		const {screen} = await opened(short);
		await screen.showsRun('succeeded');
		screen.kill('SIGTERM');
		expect(await screen.ended).toEqual({status: 143, signal: undefined});
		await screen.shows(/✔ run r\w+ succeeded/);
		expect(screen.text).not.toMatch(/goes on|cancelling/);
	});

	test.each([
		['SIGTERM', 143],
		['SIGHUP', 129],
	] as const)('by %s: the run is cancelled in good order, status %d, and the terminal is as before', async (signal, status) => {
		const {place, screen} = await opened(waiting);
		await screen.shows('wait │ ready');
		screen.kill(signal);
		expect(await screen.ended).toEqual({status, signal: undefined});
		await expect.poll(() => screen.isAlternate).toBe(false);
		expect(screen.output).toContain('\u001b[?25h');
		expect(await statusOf(place)).toBe('cancelled');
	});
});

describe('the shell', () => {
	test('gets the terminal with Ctrl+Z, and gives it back with fg', async () => {
		const place = placeWith(waiting);
		const shell = new PtyShell(place, flags);
		await shell.start();
		await shell.shows(/▶ running +wait[\s\S]*│ ready/);
		await shell.suspend();
		expect(shell.isAlternate).toBe(false);
		await shell.resume();
		await shell.shows(/▶ running +wait[\s\S]*│ ready/);
		expect(shell.isAlternate).toBe(true);
		// Keys come here again.
		shell.press('?');
		await shell.shows(' Keys ');
		shell.press('q');
		place.file('go', '');
		await shell.showsRun('succeeded');
		shell.press('q');
		await shell.isBack();
	});

	test('gets it with Ctrl+Z once, however often that is pressed', async () => {
		const place = placeWith(waiting);
		const shell = new PtyShell(place, flags);
		await shell.start();
		await shell.shows(/▶ running +wait[\s\S]*│ ready/);
		shell.type('\u001a\u001a\u001a');
		await shell.shows('Stopped');
		await shell.resume();
		await shell.shows(/▶ running +wait[\s\S]*│ ready/);
		place.file('go', '');
		await shell.showsRun('succeeded');
		shell.press('q');
		await shell.isBack();
	});

	test('is missed where there is none: Ctrl+Z says so, and nothing stops', async () => {
		const {place, screen} = await opened(waiting);
		await screen.shows('wait │ ready');
		screen.press('ctrl+z');
		await screen.shows('no shell here');
		expect(screen.isAlternate).toBe(true);
		place.file('go', '');
		await screen.showsRun('succeeded');
		screen.press('q');
		expect(await screen.ended).toMatchObject({status: 0});
	});

	test('keeps it from a program that it starts in the background: that prints its log, and goes on', async () => {
		const place = placeWith(waiting);
		const shell = new PtyShell(place, [...flags, '&']);
		await shell.start();
		await shell.shows('wait  ready');
		shell.type('echo typed in the $((40 + 2))nd shell\r');
		await shell.shows('typed in the 42nd shell');
		place.file('go', '');
		await shell.shows(/✔ run r\w+ succeeded/);
		expect(shell.output).not.toContain('\u001b[?1049h');
		shell.type('wait %1; echo it ended: $?\r');
		await shell.shows('it ended: 0');
	});

	test('gets it back in order when the program breaks, and is told why', async () => {
		const place = placeWith(waiting);
		place.file('crash.mjs', `process.on('SIGUSR2', () => setImmediate(() => { throw new Error('the sky fell'); }));`);
		const screen = new PtyProgram(place, flags, {env: {NODE_OPTIONS: `--import ${join(place.directory, 'crash.mjs')}`}});
		await screen.shows('wait │ ready');
		screen.kill('SIGUSR2');
		expect(await screen.ended).toMatchObject({status: 1});
		await expect.poll(() => screen.isAlternate).toBe(false);
		await screen.shows('internal error: the sky fell');
		// The message comes after the screen, so that it is seen.
		expect(screen.output.lastIndexOf('the sky fell')).toBeGreaterThan(screen.output.lastIndexOf('\u001b[?1049l'));
		// The next start goes on with the run.
		const again = new PtyProgram(place, flags);
		await again.shows(/▶ running +wait/);
		place.file('go', '');
		await again.showsRun('succeeded');
	});
});

describe('the terminal', () => {
	test('that nobody reads slows nothing: the run ends, and the screen is right when somebody reads again', async () => {
		const {place, screen} = await opened(`name: flood
tasks:
  - {name: wait, command: "while [ ! -e go ]; do sleep 0.05; done"}
  - {name: flood, command: seq 200000, depends_on: [wait]}
  - {name: after, command: touch over, depends_on: [flood]}
`);
		await screen.shows(/▶ running +wait/);
		screen.freeze();
		for (let key = 0; key < 300; key++) screen.press('tab');
		place.file('go', '');
		await expect.poll(() => statusOf(place), {timeout: 25_000}).toBe('succeeded');
		screen.thaw();
		await screen.showsRun('succeeded');
		screen.press('q');
		expect(await screen.ended).toMatchObject({status: 0});
	});

	test('may have any size, and change it', async () => {
		const {screen} = await opened(short, {columns: 120, rows: 40});
		await screen.showsRun('succeeded');
		// With the keys that there is room for, and no rest of what was there before.
		for (const [columns, rows, footer] of [
			[60, 15, /R run {2}\? help$/],
			[200, 60, /q quit +\? help$/],
			[80, 24, /n next problem +\? help$/],
		] as const) {
			screen.resize(columns, rows);
			await expect.poll(() => screen.text.split('\n').at(-1)).toMatch(footer);
			await screen.showsRun('succeeded');
		}
		screen.resize(40, 10);
		await screen.shows('terminal too small: 40x10');
		screen.press('q');
		expect(await screen.ended).toMatchObject({status: 0});
	});

	test('is drawn from its corner on, wherever the cursor was, and that line goes on as it was', async () => {
		const place = placeWith(short);
		const line = `printf 'a line, '; exec '${process.execPath}' '${program}' ${flags.join(' ')}`;
		const screen = new PtyProgram(place, [], {command: ['bash', '-c', line]});
		await screen.showsRun('succeeded');
		expect(screen.text).toMatch(/^ byoai {2}short {2}✔ succeeded /);
		screen.press('ctrl+l', '?');
		await screen.shows(' Keys ');
		expect(screen.text).toMatch(/^ byoai {2}short {2}✔ succeeded /);
		screen.press('q', 'q');
		await screen.ended;
		await screen.shows(/^a line, ✔ run r\w+ succeeded/);
	});

	test('has no colours where it is to have none, and ASCII where it has no more', async () => {
		const {screen} = await opened(failing, {env: {NO_COLOR: '1', LANG: 'C'}});
		await screen.shows(/x failed +one/);
		await screen.showsRun('failed');
		screen.press('q');
		await screen.ended;
		// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
		expect(screen.output).not.toMatch(/\u001b\[[\d;]*(?:3[0-7]|9[0-7]|38|2)m/);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: all that is no text
		expect(screen.output).toMatch(/^[\u0007-\u007e]*$/);
	});

	test('shows nothing that others write to it', async () => {
		const place = placeWith(short);
		place.file(
			'noise.mjs',
			// Agents inherit the environment, and are not to be noisy.
			`if (process.argv[1]?.endsWith('cli.js')) setInterval(() => { console.log('written by a library'); console.error('written by another'); process.emitWarning('a warning of Node'); }, 50);`,
		);
		const screen = new PtyProgram(place, flags, {env: {NODE_OPTIONS: `--import ${join(place.directory, 'noise.mjs')}`}});
		await screen.showsRun('succeeded');
		await screen.shows('one is through');
		screen.press('!');
		await screen.shows('Diagnostics');
		for (const text of ['written by a library', 'written by another', 'a warning of Node']) await screen.shows(text);
		screen.press('esc');
		await screen.hides('Diagnostics');
		expect(screen.text).not.toContain('written by');
		expect(screen.text.split('\n')[0]).toMatch(/^ byoai {2}short/);
	});

	test.each([{TERM: 'dumb'}, {CI: 'true'}])('gets the log where a screen is no use: %j', async env => {
		const place = placeWith(short);
		const screen = new PtyProgram(place, flags, {env});
		expect(await screen.ended).toMatchObject({status: 0});
		await screen.shows('one is through');
		expect(screen.output).not.toContain('\u001b[?1049h');
	});
});
