import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';
import {buildTestImage, needsDocker, removeContainers, testImage, whyNoDocker} from '../helpers/docker.ts';
import {PtyProgram} from '../helpers/pty-program.ts';
import {PtyShell} from '../helpers/pty-shell.ts';

const flags = ['-f', 'flow.yml', '--port', '0'];
const waiting = `name: waiting
tasks:
  - {name: wait, command: "echo ready to be read; while [ ! -e go ]; do sleep 0.05; done; echo through"}
`;
/** Shows what it is given, and what the terminal is like; then each line that is typed, until that is `end`. */
const pager = `#!${process.execPath}
import {execSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
process.on('SIGINT', () => console.log('interrupted'));
console.log('paging ' + readFileSync(process.argv[2], 'utf8'));
const state = execSync('stty -a', {stdio: ['inherit', 'pipe', 'inherit']}).toString();
console.log(['isig', 'icanon', 'echo'].every(flag => state.split(/\\s+/).includes(flag)) ? 'cooked' : state);
for await (const line of createInterface({input: process.stdin})) {
	if (line === 'end') process.exit(0);
	console.log('<' + line + '>');
}
`;

function placeWith(flow: string): CliPlace {
	const place = new CliPlace();
	place.file('flow.yml', flow);
	chmodSync(place.file('page.mjs', pager), 0o755);
	return place;
}

/** A screen on a task that runs, with a pager of ours or another one. */
async function opened(env: NodeJS.ProcessEnv = {}): Promise<{place: CliPlace; screen: PtyProgram}> {
	const place = placeWith(waiting);
	const screen = new PtyProgram(place, flags, {env: {PAGER: join(place.directory, 'page.mjs'), ...env}});
	await screen.shows(/▶ running +wait[\s\S]*│ ready to be read/);
	return {place, screen};
}

/** The screen is there again, takes keys, and leaves when its run has ended. */
async function goesOn(place: CliPlace, screen: PtyProgram): Promise<void> {
	await screen.shows(/▶ running +wait[\s\S]*│ ready to be read/);
	expect(screen.isAlternate).toBe(true);
	expect(screen.text).toMatch(/^ byoai {2}waiting {2}▶ running /);
	expect(screen.text).not.toContain('still goes on');
	screen.press('?');
	await screen.shows(' Keys ');
	screen.press('q');
	await screen.hides(' Keys ');
	place.file('go', '');
	await screen.showsRun('succeeded');
	screen.press('q');
	expect(await screen.ended).toEqual({status: 0, signal: undefined});
	await screen.shows(/✔ run r\w+ succeeded/);
}

/** Its run ends though nobody reads its screen, which is right when somebody does again. */
async function endsUnread(place: CliPlace, screen: PtyProgram): Promise<void> {
	place.file('go', '');
	const status = async () => JSON.parse((await place.run(['ps', '--json'])).stdout)[0]?.status;
	await expect.poll(status, {timeout: 25_000}).toBe('succeeded');
	screen.thaw();
	await screen.showsRun('succeeded');
	screen.press('q');
	expect(await screen.ended).toMatchObject({status: 0});
}

describe('$PAGER', () => {
	test('has the terminal as a shell gives it, and every key, until it ends', async () => {
		const {place, screen} = await opened();
		screen.press('o');
		await screen.shows('paging');
		await screen.shows('ready to be read');
		await screen.shows('cooked');
		expect(screen.isAlternate).toBe(false);
		for (let line = 0; line < 8; line++) screen.type(`q${line}\r`);
		for (let line = 0; line < 8; line++) await screen.shows(`<q${line}>`);
		screen.type('end\r');
		await goesOn(place, screen);
	});

	test('is opened once, however often somebody asks for it', async () => {
		const {place, screen} = await opened();
		screen.type('ooo');
		await screen.shows('cooked');
		screen.type('end\r');
		await goesOn(place, screen);
		expect(screen.output.match(/cooked/g)).toHaveLength(1);
	});

	test('gets Ctrl+C for itself, however often', async () => {
		const {place, screen} = await opened();
		screen.press('o');
		await screen.shows('cooked');
		for (let times = 1; times <= 3; times++) {
			screen.press('ctrl+c');
			await expect.poll(() => screen.text.match(/interrupted/g)).toHaveLength(times);
		}
		screen.type('end\r');
		await goesOn(place, screen);
	});

	test('that is ended by Ctrl+C, or cannot be started: the screen says so, and goes on', async () => {
		const {place, screen} = await opened({PAGER: 'sh -c "echo sleeping; exec sleep 1000"'});
		screen.press('o');
		await screen.shows('sleeping');
		screen.press('ctrl+c');
		await screen.shows(/ended with exit \d+/);
		await goesOn(place, screen);
		// The terminal itself had written within a line.
		await screen.shows(/sleeping\n\^C *\n✔ run/);
		const without = await opened({PAGER: './no-such-pager'});
		without.screen.press('o');
		await without.screen.shows('./no-such-pager ended with exit 127');
		await goesOn(without.place, without.screen);
	});

	test('may be stopped with Ctrl+Z, and goes on with fg', async () => {
		const place = placeWith(waiting);
		const shell = new PtyShell(place, flags, {PAGER: join(place.directory, 'page.mjs')});
		await shell.start();
		await shell.shows(/▶ running +wait[\s\S]*│ ready to be read/);
		shell.press('o');
		await shell.shows('cooked');
		await shell.suspend();
		await shell.resume();
		shell.type('after\r');
		await shell.shows('<after>');
		shell.type('end\r');
		await shell.shows(/▶ running +wait[\s\S]*│ ready to be read/);
		expect(shell.isAlternate).toBe(true);
		place.file('go', '');
		await shell.showsRun('succeeded');
		shell.press('q');
		await shell.isBack();
	});

	test('leaves the screen such that a terminal which nobody reads slows nothing', async () => {
		const {place, screen} = await opened();
		screen.press('o');
		await screen.shows('cooked');
		screen.type('end\r');
		await screen.shows(/▶ running +wait[\s\S]*│ ready to be read/);
		screen.freeze();
		// Each draws a whole screen: together more than a terminal takes that nobody reads.
		for (let size = 1; size <= 6; size++) {
			screen.resize(300 - size, 100 - size);
			expect(await place.run(['ps'])).toMatchObject({status: 0});
		}
		// Somebody who sees nothing move asks for the screen to be drawn anew.
		for (let times = 0; times < 20; times++) screen.press('ctrl+l');
		expect(await place.run(['ps'])).toMatchObject({status: 0});
		await endsUnread(place, screen);
	}, 60_000);

	test('is opened on a terminal that nobody reads, and what runs goes on', async () => {
		const {place, screen} = await opened({PAGER: 'cat'});
		screen.freeze();
		for (let size = 1; size <= 6; size++) screen.resize(300 - size, 100 - size);
		expect(await place.run(['ps'])).toMatchObject({status: 0});
		screen.press('o');
		expect(await place.run(['ps'])).toMatchObject({status: 0});
		await endsUnread(place, screen);
	}, 60_000);

	test.skipIf(spawnSync('less', ['--version']).status !== 0)('less: searches, is interrupted, quits', async () => {
		const {place, screen} = await opened({PAGER: 'less', LESSHISTFILE: '-'});
		screen.press('o');
		await screen.shows('(END)');
		screen.press('ctrl+c', 'ctrl+c');
		// It throws away what was typed ahead of an interrupt.
		const found = () => screen.type('/to be\r').cellOf('to be')?.isInverse();
		await expect.poll(found, {interval: 300}).toBeTruthy();
		screen.press('q');
		await goesOn(place, screen);
	});
});

describe('a shell in the container of an agent', () => {
	beforeAll(async () => {
		if (whyNoDocker() === undefined) await buildTestImage();
	}, 120_000);

	test('has the terminal, and Ctrl+C for itself; the screen comes back when it ends', async context => {
		needsDocker(context);
		const place = placeWith(`name: waiting
agents:
  - {name: builder, type: docker, image: ${testImage}}
tasks:
  - {name: wait, agent: builder, command: "echo ready to be read; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo through"}
`);
		onTestFinished(() => {
			if (existsSync(join(place.state, 'id'))) removeContainers(readFileSync(join(place.state, 'id'), 'utf8').trim());
		});
		const screen = new PtyProgram(place, flags);
		await screen.shows(/▶ running +wait[\s\S]*│ ready to be read/, 60_000);
		screen.press('1');
		await screen.shows('builder');
		screen.press('G', 's');
		await screen.shows(/^\S+[#$]$/m);
		expect(screen.isAlternate).toBe(false);
		screen.type('echo in $((40 + 2)) of $(hostname)\r');
		await screen.shows(/in 42 of [0-9a-f]{12}/);
		screen.type('echo begun; sleep 1000\r');
		await screen.shows(/^begun$/m);
		screen.press('ctrl+c');
		await screen.shows(/\^C\n\S+[#$]/);
		screen.press('ctrl+c');
		await screen.shows(/\^C\n\S+[#$] \^C\n\S+[#$]/);
		screen.type('touch /tmp/go; echo gone on: $?\r');
		await screen.shows('gone on: 0');
		screen.type('exit 0\r');
		await screen.shows('back from agent');
		expect(screen.isAlternate).toBe(true);
		expect(screen.text).not.toContain('still goes on');
		await screen.showsRun('succeeded');
		screen.press('q');
		expect(await screen.ended).toMatchObject({status: 0});
		// What was done in the shell is still to be read.
		await screen.shows(/in 42 of [0-9a-f]{12}[\s\S]*✔ run r\w+ succeeded/);
	}, 120_000);
});
