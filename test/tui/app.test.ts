import {describe, expect, test} from 'vitest';
import {open} from './opened-screen.ts';

describe('a screen on a terminal', () => {
	test('shows the newest run with its tasks and their output', async () => {
		const {tui} = await open();
		expect(tui.isAlternate).toBe(true);
		await tui.shows(/flow {2}▶ running/);
		await tui.shows(/✔ succeeded {2}build/);
		await tui.shows(/✖ failed {5}lint .*exit 3/);
		await tui.shows('output of hang');
	});

	test('and leaves the terminal as it was', async () => {
		const {tui, screen} = await open({role: 'client'});
		tui.press('q');
		expect(await screen.left).toBe('quit');
		await screen.release();
		await expect.poll(() => tui.isAlternate).toBe(false);
		expect(tui.stdin.isRaw).toBe(false);
	});

	test('keys typed fast are keys one by one', async () => {
		const {tui} = await open();
		tui.type('jjj');
		await tui.shows(/^›.* test$/m);
	});

	test('filters while one types, and says how many are left', async () => {
		const {tui} = await open();
		tui.press('/').type('fail');
		await tui.shows('2 Tasks 1/4');
		await tui.hides('succeeded  build');
		tui.press('enter', 'esc');
		await tui.shows('2 Tasks 4');
	});

	test('shows the output of one task, and comes back', async () => {
		const {tui} = await open();
		tui.press('j', 'enter');
		await tui.shows(/3 Logs {2}lint/);
		await tui.hides('output of build');
		await tui.shows('output of lint');
		tui.press('esc', 'esc');
		await tui.shows('output of build');
	});

	test('panes by number and Tab', async () => {
		const {tui} = await open();
		tui.press('1');
		await tui.shows(/● online .*builder/);
		tui.press('4');
		await tui.shows('WORKFLOW');
		tui.press('tab');
		await tui.shows(/✔ build +┌──· test/);
		tui.press('tab');
		await tui.shows(/hang +▒+▶/);
		tui.press('tab');
		await tui.shows(/● online .*builder/);
		tui.press('shift+tab', 'shift+tab', 'shift+tab');
		await tui.shows('WORKFLOW');
	});

	test('help from the keymap, closed by q', async () => {
		const {tui, screen} = await open({role: 'client'});
		tui.press('?');
		await tui.shows(' Keys ');
		await tui.shows('mark the task, or take its mark away');
		tui.press('q');
		await tui.hides(' Keys ');
		tui.press('q');
		expect(await screen.left).toBe('quit');
	});

	test('follows the size of the terminal', async () => {
		const {tui} = await open();
		tui.resize(160, 40);
		await tui.shows('1 Agents 1');
		await tui.shows('4 Runs 1');
		tui.resize(50, 10);
		await tui.shows('terminal too small: 50x10, need 60x15');
		tui.resize(60, 15);
		await tui.shows('✖ failed');
	});
});

describe('leaving while a run goes on', () => {
	test('asks, and staying is what Enter does', async () => {
		const {tui} = await open();
		tui.press('q');
		await tui.shows('still goes on');
		tui.press('enter');
		await tui.hides('still goes on');
		await tui.shows('✖ failed');
	});

	test.each([
		['c', 'cancel'],
		['d', 'detach'],
	] as const)('%s: %s', async (key, how) => {
		const {tui, screen} = await open();
		tui.press('q');
		await tui.shows('still goes on');
		tui.press(key);
		expect(await screen.left).toBe(how);
	});

	test('a question about a run that has ended meanwhile is whether to leave', async () => {
		const {tui, screen, orchestra} = await open();
		tui.press('q');
		await tui.shows('still goes on');
		await orchestra.call('POST', '/v1/runs/latest/cancel');
		await tui.shows('Leave?');
		expect(tui.text).not.toContain('still goes on');
		tui.press('enter');
		expect(await screen.left).toBe('quit');
	});

	test('Ctrl+C is told to whoever decides', async () => {
		const {tui, screen, interrupts} = await open();
		tui.press('ctrl+c');
		await expect.poll(interrupts).toBe(1);
		screen.ask();
		await tui.shows('still goes on');
	});
});

describe('acting', () => {
	test('cancels a run after a question', async () => {
		const {tui, orchestra} = await open();
		tui.press('4', 'ctrl+k');
		await tui.shows(/Cancel run/);
		tui.press('y');
		await tui.shows(/⊘ cancel/);
		expect(await (await orchestra.call('GET', '/v1/runs/latest')).json()).toMatchObject({reason: 'cancelled from the terminal'});
	});

	test('never from keys that came in one piece, nor from what was pasted', async () => {
		const {tui, orchestra} = await open();
		tui.press('4').type('\u000by').paste('\u000by');
		tui.press('?');
		await tui.shows(' Keys ');
		expect(await (await orchestra.call('GET', '/v1/runs/latest')).json()).toMatchObject({status: 'running'});
	});
});

describe('nothing is written through the screen', () => {
	test('what is written to the streams, and warnings, are diagnostics', async () => {
		const {tui, screen} = await open();
		tui.stderr.write('a library speaks\n');
		tui.stdout.write('another one\n');
		tui.process.emit('warning', new Error('careful'));
		tui.press('!');
		await tui.shows('a library speaks');
		await tui.shows('another one');
		await tui.shows('Error: careful');
		expect(screen.diagnostics).toEqual(['a library speaks', 'another one', 'Error: careful']);
		await screen.release();
		await expect.poll(() => tui.isAlternate).toBe(false);
		tui.stdout.write('after it');
		await tui.shows('after it');
	});
});

describe('a terminal that takes nothing', () => {
	test('gets no more pictures, and the newest when it takes them again', async () => {
		const {tui, orchestra} = await open();
		tui.stdout.freeze();
		for (let more = 0; more < 200; more++) tui.press('tab');
		await orchestra.call('POST', '/v1/runs/latest/cancel', {reason: 'enough'});
		await orchestra.ended(((await (await orchestra.call('GET', '/v1/runs/latest')).json()) as {id: string}).id);
		expect(tui.stdout.writableLength).toBeLessThan(200_000);
		tui.stdout.thaw();
		await tui.shows(/⊘ cancelled/);
	});
});
