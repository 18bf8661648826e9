import {describe, expect, test} from 'vitest';
import type {Work} from '../helpers/fake-agent.ts';
import {open} from './opened-screen.ts';

/** Each task prints a hundred lines, of which one is an error. */
const wordy: Work = async ({task}, print) => {
	for (let line = 0; line < 100; line++) await print(line === 42 ? `ERROR: ${task} broke at ${line}\n` : `${task} line ${line}\n`);
	return {status: 'succeeded', exitCode: 0};
};

describe('the log pane', () => {
	test('searches while one types, counts, and goes from one to the next', async () => {
		const {tui} = await open({work: wordy, shows: 'line 99'});
		tui.press('2', 'l', '3');
		await tui.shows(/3 Logs {2}build {2}[\s\S]*build line 99/);
		tui.press('/').type('line 1');
		await tui.shows('/line 1: 11 of 11');
		await tui.shows('build line 19');
		tui.press('esc');
		await tui.hides('/line 1');
		await tui.shows('build line 99');
		tui.press('/').type('line 1').press('enter', 'N');
		await tui.shows('/line 1: 10 of 11');
		tui.press('n', 'n');
		await tui.shows(/\/line 1: 1 of 11 +round the end/);
		await tui.shows(/build line 1\n/);
		tui.press('esc');
		await tui.hides('/line 1');
		await tui.shows(/build line 1\n/);
	});

	test('as a regular expression, and says what is wrong with one', async () => {
		const {tui} = await open({work: wordy, shows: 'line 99'});
		tui.press('2', 'l', '3');
		await tui.shows(/3 Logs {2}build {2}[\s\S]*build line 99/);
		tui.press('/', 'ctrl+r').type('line [4]2|broke at (');
		await tui.shows('Unterminated group');
		tui.press('backspace');
		await tui.shows('/line [4]2|broke at : 1 of 1');
		await tui.shows('ERROR: build broke at 42');
	});

	test('leaves lines out, or all others, and brings them back', async () => {
		const {tui} = await open({work: wordy, shows: 'line 99'});
		tui.press('2', 'l', '3', '+').type('line 9');
		await tui.shows('only line 9');
		await tui.hides('line 89');
		tui.press('enter', '-').type('95');
		await tui.shows('without 95');
		await tui.hides('build line 95');
		await tui.shows('build line 96');
		tui.press('enter', 'esc');
		await tui.shows('build line 95');
	});

	test('warnings and errors only; and to the next error', async () => {
		const {tui} = await open({work: wordy, shows: 'line 99'});
		tui.press('2', 'l', '3', 'v', 'v');
		await tui.shows('errors');
		await tui.hides('line 99');
		await tui.shows('ERROR: build broke at 42');
		tui.press('v');
		await tui.shows('line 99');
		tui.press('E');
		await tui.shows('ERROR: build broke at 42');
		await tui.shows('build line 43');
	});

	test('stays where somebody reads, and says how much is new', async () => {
		const {tui, orchestra} = await open({work: wordy, shows: 'line 99', now: () => 600_000});
		const {id} = (await (await orchestra.call('GET', '/v1/runs/latest')).json()) as {id: string};
		await orchestra.ended(id);
		tui.press('A', '3', '/').type('line');
		// All four tasks' lines are there before the place is pinned: none of them can come after it.
		await tui.shows(/\/line: (\d+ of )?396 /);
		tui.press('esc');
		await tui.shows(/3 Logs {2}everything {2}following/);
		tui.press('g');
		await tui.shows(/3 Logs {2}everything {2}0 new/);
		await orchestra.call('POST', `/v1/runs/${id}/retry`, {from: 'build'});
		await tui.shows(/3 Logs {2}everything {2}100 new/);
		await tui.shows('build line 0');
		tui.press('G');
		await tui.shows(/3 Logs {2}everything {2}following/);
		tui.press('g');
		await tui.shows(/3 Logs {2}everything {2}0 new/);
		await orchestra.call('POST', `/v1/runs/${id}/retry`, {from: 'build'});
		await tui.shows(/3 Logs {2}everything {2}100 new/);
		tui.press('f');
		await tui.shows(/3 Logs {2}everything {2}following/);
	});

	test('shows the output of marked tasks', async () => {
		const {tui} = await open({work: wordy, shows: 'line 99', now: () => 600_000});
		tui.press('M');
		await tui.shows('no task is marked');
		tui.press('j', 'm', 'm');
		await tui.shows('2 marked');
		tui.press('M');
		await tui.shows(/3 Logs {2}2 marked/);
		tui.press('3', '+').type('line 99');
		await tui.shows('lint │ lint line 99');
		await tui.shows('hang │ hang line 99');
		expect(tui.text).not.toContain('build line 99');
	});

	test('times of day, times since the beginning, none', async () => {
		const {tui} = await open({work: wordy, shows: 'line 99', columns: 120, rows: 40});
		await tui.shows(/\d\d:\d\d:\d\d\.\d{3} \w+ +│ \w+ line 99/);
		tui.press('3', 't');
		await tui.shows(/[+-][\d:.]+ \w+ +│ \w+ line 99/);
		tui.press('t');
		await tui.hides(/\d\.\d{3} \w+ +│ \w+ line 99/);
	});
});

describe('graph and timeline', () => {
	test('what is chosen in the graph is chosen in the list, and its output is shown', async () => {
		const {tui} = await open();
		tui.press('5');
		await tui.shows(/▶ hang\* +[─━]+┘?/);
		tui.press('j');
		await expect.poll(() => tui.cellOf('▶ hang')?.isInverse()).toBeTruthy();
		tui.press('l');
		await expect.poll(() => tui.cellOf('· test')?.isInverse()).toBeTruthy();
		tui.press('h', 'enter');
		await tui.shows(/3 Logs {2}hang/);
		tui.press('2');
		await expect.poll(() => tui.row('hang  ')).toMatch(/^›/);
	});

	test('the timeline by task, by agent, closer and back', async () => {
		const {tui} = await open();
		tui.press('6');
		await tui.shows(/hang +▒*▶/);
		tui.press('a');
		await tui.shows('by agent');
		await tui.shows(/builder #1 /);
		tui.press('+');
		await tui.shows('zoomed');
		tui.press('0', 'a');
		await tui.shows(/6 Timeline {2}by task ━/);
	});
});
