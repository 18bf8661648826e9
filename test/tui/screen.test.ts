import stringWidth from 'string-width';
import {describe, expect, test} from 'vitest';
import type {AgentRow, WorkflowRow} from '../../source/protocol/views.ts';
import {bindings} from '../../source/tui/keys/keymap.ts';
import {refused, startForm} from '../../source/tui/layers/form.ts';
import {helpRows} from '../../source/tui/layers/help.ts';
import {createPalette} from '../../source/tui/picture/palette.ts';
import type {Ui} from '../../source/tui/ui.ts';
import {runId} from '../helpers/rows.ts';
import {output, rowsOf, snapshot} from './scene.ts';

const sizes = [
	{columns: 60, rows: 15},
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
	{columns: 200, rows: 60},
];

const subject = {kind: 'task', run: runId, task: 1, name: 'train'} as const;
const release: WorkflowRow = {
	file: 'release.yml',
	name: 'release',
	description: 'Ships it, '.repeat(30),
	tasks: 12,
	problems: [],
	params: [
		{name: 'target', type: 'string', required: true, description: 'Where it goes. '.repeat(20)},
		{name: 'env', type: 'string', required: false, enum: ['staging', 'production'], default: 'staging'},
		{name: 'a-name-that-is-longer-than-any-column-should-be', type: 'integer', required: false, default: 3},
		{name: 'dry', type: 'boolean', required: false},
		{name: 'hosts', type: 'list', required: false, default: ['a', 'b']},
	],
};
const workflows: readonly WorkflowRow[] = [
	release,
	{
		...release,
		file: 'broken.yml',
		problems: [{message: 'unknown key `comand`; '.repeat(20), file: 'broken.yml', line: 2, column: 3}],
		tasks: 0,
	},
];

const places: ReadonlyArray<readonly [name: string, ui: Partial<Ui>]> = [
	['tasks', {}],
	['agents', {pane: 'agents', list: 'agents'}],
	['runs', {pane: 'runs', list: 'runs'}],
	['logs', {pane: 'logs'}],
	['the graph', {pane: 'graph', list: 'graph'}],
	['the timeline', {pane: 'timeline', list: 'timeline'}],
	['a search', {pane: 'logs', prompt: {kind: 'search', text: 'red', isRegex: true}}],
	['marks', {marks: new Set(['r01j8k2c3d4e/1'])}],
	['zoomed logs', {pane: 'logs', zoomed: true}],
	['the help', {reader: {kind: 'help', top: 3}}],
	['diagnostics', {reader: {kind: 'diagnostics', top: 0}}],
	['a filter', {prompt: {kind: 'filter', pane: 'tasks', text: 'fail'}}],
	['a message', {message: {text: 'something happened', isError: true}}],
	['all about a task', {layer: {kind: 'detail', of: subject, top: 0}}],
	['the end of that', {layer: {kind: 'detail', of: subject, top: 1000}}],
	['workflows to choose from', {layer: {kind: 'picker', rows: workflows, filter: '', at: 0}}],
	['one that is not valid', {layer: {kind: 'picker', rows: workflows, filter: '', at: 1}}],
	['no workflow at all', {layer: {kind: 'picker', rows: [], directory: `/srv/${'long/'.repeat(60)}`, filter: '', at: 0}}],
	['no workflow that fits', {layer: {kind: 'picker', rows: workflows, filter: 'nothing-like-it', at: 0}}],
	['a form', {layer: startForm(release)}],
	[
		'a form that was refused',
		{layer: refused({...startForm(release), at: 5}, 'no', [{message: 'a long '.repeat(40), path: 'params.env'}, {message: 'more'}])},
	],
	['a command', {layer: {kind: 'command', text: 'd'}}],
	['a command that is long and wrong', {layer: {kind: 'command', text: 'x'.repeat(300), problem: 'there is no such command'}}],
	['a question', {dialog: {title: 'Leave?', text: ['Really '.repeat(40)], choices: [{key: 'y', label: 'yes'}], at: 0}}],
];

describe.each(sizes)('at $columns x $rows', size => {
	test.each(places)('%s fill the screen exactly', (_, ui) => {
		const rows = rowsOf(size, ui);
		expect(rows).toHaveLength(size.rows);
		for (const row of rows) expect({row, width: stringWidth(row)}).toEqual({row, width: size.columns});
	});

	test.each(places)('%s are the same with colours, but for the colours', (_, ui) => {
		// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
		const plain = (rows: readonly string[]) => rows.map(row => row.replace(/\u001b\[[\d;]*m/g, ''));
		expect(plain(rowsOf(size, ui, {colour: true}))).toEqual(plain(rowsOf(size, ui)));
	});

	test.each(places)('%s need nothing but ASCII where there is no more', (_, ui) => {
		const shown = {unicode: false, of: {tasks: snapshot.tasks.filter(({task}) => task !== 1)}, lines: output.slice(0, 1)};
		// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what ASCII is, and what reverses
		for (const row of rowsOf(size, ui, shown)) expect(row).toMatch(/^[\x1b\x20-\x7e]*$/);
	});
});

test.each(sizes)('the help says all there is to say at $columns x $rows', ({columns}) => {
	const text = helpRows(columns, createPalette({colour: false, unicode: true, theme: 'dark'}), true, bindings)
		.join(' ')
		.replace(/\s+/g, ' ');
	for (const {help, keys} of bindings) if (keys.length > 0) expect(text).toContain(help);
});

test('where no workflow is to choose from, it is said where they would be', () => {
	const rows = rowsOf({columns: 80, rows: 24}, {layer: {kind: 'picker', rows: [], directory: '/srv/flows', filter: '', at: 0}});
	expect(rows.join('\n')).toContain('no workflow file in /srv/flows (WORKFLOW_DIR names another directory)');
});

test('what only tells something has one key to go on', () => {
	const dialog = {title: 'wait: why it waits', text: ['for nothing'], choices: [{key: 'o', label: 'ok'}], at: 0};
	expect(rowsOf({columns: 80, rows: 24}, {dialog}).at(-1)?.trim()).toBe('⏎ ok');
});

test('a terminal that is too small says so, and what it needs', () => {
	const rows = rowsOf({columns: 50, rows: 10});
	expect(rows).toHaveLength(10);
	expect(rows[0]?.trimEnd()).toBe('terminal too small: 50x10, need 60x15');
});

describe('what is there to see', () => {
	const [, , wide] = sizes;
	const text = rowsOf(wide ?? {columns: 120, rows: 40}).join('\n');

	test('the run, how far it is, and what needs attention before all else', () => {
		expect(text).toMatch(/byoai {2}release {2}▶ running {2}1 min 40 s/);
		expect(text).toMatch(/4\/8 {2}✖ 1 failed {2}↻ 1 waiting {2}▶ 1 running/);
	});

	test('every task with status, time, agent and what there is to say', () => {
		expect(text).toMatch(/✔ succeeded {2}prepare .* 2\.4 s {2}builder/);
		expect(text).toMatch(/▶ running {4}日本語テスト .* 42 s {2}builder/);
		expect(text).toMatch(/✖ failed .*lint .* 12 ms {2}builder .*exit 3/);
		expect(text).toMatch(/↻ waiting .*again in 12 s: exit 1/);
		expect(text).toMatch(/⤼ skipped .*lint failed/);
	});

	test('output without anything that steers the terminal', () => {
		expect(text).toContain('bad red');
		expect(text).not.toContain('\u001b]');
		expect(text).not.toContain('title');
	});

	test('agents with what they lack', () => {
		const agents = rowsOf({columns: 120, rows: 40}, {pane: 'agents', list: 'agents'}).join('\n');
		expect(agents).toMatch(/● online .*builder .*2\/4 {2}local .*150 % +!935 MiB .*disk=fast/);
		expect(agents).toMatch(/… starting .*gpu-1 .*43 % ━━━━────── pulling \(3 of 7 layers\)/);
	});

	test('runs, newest first', () => {
		const runs = rowsOf({columns: 120, rows: 40}, {pane: 'runs', list: 'runs'}).filter(row => /nightly|release .*\d\/\d/.test(row));
		expect(runs[0]).toMatch(/▶ running .*release .*4\/8 +1 min 40 s/);
		expect(runs[1]).toMatch(/✖ failed .*nightly .* 1 min/);
	});

	test('an agent that is lost, and a task for which there is none, before all else', () => {
		const agents = snapshot.agents.map(agent => ({...agent, status: 'lost'}) as const);
		const stuck = {id: `${runId}/5`, name: 'train', reason: 'no agent with label gpu=h100 is there; the nearest, builder, lacks gpu=h100'};
		const [, row] = rowsOf({columns: 200, rows: 60}, {}, {of: {agents, stuck}});
		expect(row).toMatch(/4\/8 {2}✖ 2 agents lost {2}✖ 1 failed .* train: no agent with label gpu=h100 is ther/);
		const [, narrow] = rowsOf({columns: 80, rows: 24}, {}, {of: {agents, stuck}});
		expect(narrow).toMatch(/2 agents lost/);
		const [, small] = rowsOf({columns: 80, rows: 24}, {}, {of: {stuck}});
		expect(small).toMatch(/4\/8 {2}✖ 1 failed .* train: no agent with lab/);
	});

	test('on a small screen too: why tasks are as they are, and of agents the type', () => {
		const stuck = {id: `${runId}/5`, name: 'train', reason: 'no agent with label gpu=h100 is there'};
		const tasks = rowsOf({columns: 80, rows: 24}, {}, {of: {stuck}}).join('\n');
		expect(tasks).toMatch(/STATUS +TASK +TRY +TIME +AGENT/);
		expect(tasks).toMatch(/↻ waiting .* again in 12 s: exi/);
		expect(tasks).toMatch(/… ready +train .* no agent with lab/);
		const compact = rowsOf({columns: 60, rows: 15}, {}, {of: {stuck}}).join('\n');
		expect(compact).toMatch(/↻ waiting .* again in 12 s/);
		expect(compact).toMatch(/… ready +train .* no agent with l/);
		const [first, ...agents] = snapshot.agents;
		const long = {...first, id: 'builder-with-a-long-name', usage: {cpu: 1.5, memoryBytes: 980_000_000}};
		const ui = {pane: 'agents', list: 'agents'} as const;
		const rows = rowsOf({columns: 80, rows: 24}, ui, {of: {agents: [long as AgentRow, ...agents]}}).join('\n');
		expect(rows).toMatch(/builder-with-a-lo.* +2\/4 {2}local +150 % +935 MiB {2}disk=fast/);
		expect(rows).toMatch(/gpu-1 .*0\/1 {2}docker .* 43 % ━━━━/);
	});

	test('a connection that is lost, with why', () => {
		const connection = {url: 'http://h:5001', isReadonly: false, state: 'broken', trouble: 'connection lost; trying again'} as const;
		expect(rowsOf({columns: 80, rows: 24}, {}, {of: {connection}})[0]).toMatch(/○ connection lost; trying again $/);
	});
});

describe('all about a task', () => {
	const text = rowsOf({columns: 120, rows: 40}, {layer: {kind: 'detail', of: subject, top: 0}}).join('\n');

	test('why it waits, what was tried, what it is to do, and how to get at it from a shell', () => {
		expect(text).toMatch(/why +tries again in 12 s, after 2 failures/);
		expect(text).toMatch(/attempt 1 +✖ failed +9\.0 s {2}on builder .*exit 3 {2}12\.1 KiB of output/);
		expect(text).toMatch(/attempt 2 +✖ lost +30\.0 s {2}on gpu-1 .*silent for 60 s/);
		expect(text).toMatch(/agent +any with gpu=h100 disk=fast/);
		expect(text).toMatch(/depends on +prepare, lint \(when it failed\) \(if it is not skipped\)/);
		expect(text).toMatch(/retry +2 times after 1\.0 s, times 2 each, at most 1 min, for exit 1, 2 only; 2 times after an agent was lost/);
		expect(text).toMatch(/environment +API_KEY, HOME \(values are not shown\)/);
		expect(text).toContain(`byoai logs ${runId} train`);
	});
});
