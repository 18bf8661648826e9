import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import type {Cli} from '../helpers/cli.ts';
import {CliPlace} from '../helpers/cli.ts';
import {PtyProgram} from '../helpers/pty-program.ts';

const managerMode = ['agent-manager-mode', '--no-tui', '--port', '0', '-f', 'flow.yml'];
const flow = `name: patience
tasks:
  - {name: first, command: echo first is through}
  - {name: wait, command: "echo ready; while [ ! -e go ]; do sleep 0.05; done; echo through"}
  - {name: last, command: echo last is through}
`;

async function listening(manager: Cli): Promise<string> {
	const [, url = ''] = await manager.says(/listens on (http:\S+)/);
	return url;
}

async function start(): Promise<{place: CliPlace; manager: Cli; url: string}> {
	const place = new CliPlace();
	place.file('flow.yml', flow);
	const manager = place.start(managerMode);
	const url = await listening(manager);
	await manager.says(/wait +ready/);
	return {place, manager, url};
}

describe('byoai attach', () => {
	test('shows the same to several, and each leaves alone', async () => {
		const {place, manager, url} = await start();
		const here = new PtyProgram(place, ['attach']);
		const elsewhere = new PtyProgram(new CliPlace(), ['attach', url]);
		for (const screen of [here, elsewhere]) await screen.shows(/▶ running {4}wait/);
		here.press('q');
		expect(await here.ended).toEqual({status: 0, signal: undefined});
		await expect.poll(() => here.isAlternate).toBe(false);
		await here.shows(`1 run at ${url} goes on without this screen`);
		elsewhere.press('ctrl+c');
		await elsewhere.shows('The orchestrator goes on without this screen.');
		elsewhere.press('y');
		expect(await elsewhere.ended).toMatchObject({status: 0});
		place.file('go', '');
		await manager.says(/✔ run r\w+ succeeded/);
	});

	test('goes on, in its place, when a killed orchestrator is back at another address', async () => {
		const {place, manager, url} = await start();
		const screen = new PtyProgram(place, ['attach']);
		await screen.shows(/▶ running {4}wait/);
		await screen.shows(new URL(url).host);
		screen.press('j');
		await expect.poll(() => screen.row('wait  ')).toMatch(/^›/);
		manager.process.kill('SIGKILL');
		await screen.shows('connection lost; trying again');
		// What was there can still be looked at.
		screen.press('?');
		await screen.shows(' Keys ');
		screen.press('q');
		await screen.hides(' Keys ');
		const again = place.start(managerMode);
		const other = await listening(again);
		await screen.shows(new URL(other).host);
		expect(screen.row('wait  ')).toMatch(/^›/);
		expect(existsSync(join(place.directory, 'go'))).toBe(false);
		place.file('go', '');
		await screen.showsRun('succeeded');
		await screen.shows('last is through');
		screen.press('q');
		expect(await screen.ended).toMatchObject({status: 0});
	});

	test('--readonly changes nothing', async () => {
		const {place, manager} = await start();
		const screen = new PtyProgram(place, ['attach', '--readonly'], {columns: 120, rows: 40});
		await screen.shows('read-only');
		screen.press('4');
		await screen.shows('WORKFLOW');
		screen.press('ctrl+k');
		await screen.shows(/read-only: it was opened with --readonly|cancel it/);
		screen.press('y');
		await screen.shows('read-only: it was opened with --readonly');
		place.file('go', '');
		await manager.says(/✔ run r\w+ succeeded/);
	});

	test.each([
		['SIGTERM', 143],
		['SIGHUP', 129],
	] as const)('%s ends it with status %d, and the terminal is as before', async (signal, status) => {
		const {place} = await start();
		const screen = new PtyProgram(place, ['attach']);
		await screen.shows(/▶ running {4}wait/);
		screen.kill(signal);
		expect(await screen.ended).toEqual({status, signal: undefined});
		await expect.poll(() => screen.isAlternate).toBe(false);
	});

	test('what it cannot do it says without a screen', async () => {
		const place = new CliPlace();
		expect(await place.run(['attach'])).toMatchObject({status: 2, stderr: expect.stringContaining('byoai attach needs a terminal')});
		const nobody = new PtyProgram(place, ['attach', 'http://127.0.0.1:1'], {columns: 200});
		expect(await nobody.ended).toMatchObject({status: 3});
		await nobody.shows('no orchestrator answers at http://127.0.0.1:1');
		const wrong = new PtyProgram(place, ['attach', 'ftp://x'], {columns: 200});
		expect(await wrong.ended).toMatchObject({status: 2});
		await wrong.shows('what is attached to must be a URL such as http://127.0.0.1:5001, not "ftp://x"');
		for (const ended of [nobody, wrong]) expect(ended.output).not.toContain('\u001b[?1049h');
	});
});
