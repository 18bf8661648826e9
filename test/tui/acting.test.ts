import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import type {Driver} from '../../source/drivers/driver.ts';
import type {RunDetail} from '../../source/protocol/views.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {open} from './opened-screen.ts';

const workflow = `
name: release
description: Ships it.
params:
  - {name: target, required: true, description: Where it goes.}
  - {name: env, enum: [staging, production], default: staging}
  - {name: copies, type: integer, default: 3}
tasks:
  - {name: ship, command: "ship \${{ params.target }} \${{ params.env }} \${{ params.copies }}", agent: builder}
`;

async function withWorkflows(orchestra: Orchestra): Promise<void> {
	const {workflowDir} = orchestra.services;
	await mkdir(workflowDir, {recursive: true});
	writeFileSync(join(workflowDir, 'release.yml'), workflow);
	writeFileSync(join(workflowDir, 'plain.yml'), 'tasks:\n  - {name: only, command: x, agent: builder}\n');
	writeFileSync(join(workflowDir, 'wrong.yml'), 'tasks:\n  - {name: a, comand: x}\n');
}

async function latest(orchestra: Orchestra): Promise<RunDetail> {
	return (await (await orchestra.call('GET', '/v1/runs/latest')).json()) as RunDetail;
}

describe('starting a workflow', () => {
	test('a picker, a form with what it asks for, and the run', async () => {
		const {tui, orchestra} = await open();
		await withWorkflows(orchestra);
		tui.press('R');
		await tui.shows(/release\.yml +1 +3 +Ships it/);
		tui.type('rel').press('enter');
		await tui.shows(' Run release ');
		await tui.shows('Where it goes; required');
		tui.press('ctrl+s');
		await tui.shows('is required');
		tui.type('moon').press('down', 'right', 'down', 'ctrl+u').type('many').press('ctrl+s');
		await tui.shows('must be a whole number');
		tui.press('ctrl+u', '5', 'ctrl+s');
		await tui.shows(/byoai {2}release/);
		expect(await latest(orchestra)).toMatchObject({workflow: 'release', params: {target: 'moon', env: 'production', copies: '5'}});
	});

	test('one that asks for nothing starts at once', async () => {
		const {tui, orchestra} = await open();
		await withWorkflows(orchestra);
		tui.press('R');
		await tui.shows('plain.yml');
		tui.press('enter');
		await tui.shows(/byoai {2}plain/);
		expect(await latest(orchestra)).toMatchObject({workflow: 'plain'});
	});

	test('one that is not valid says what is wrong with it, and does not start', async () => {
		const {tui, orchestra} = await open();
		await withWorkflows(orchestra);
		tui.press('R');
		await tui.shows(/wrong\.yml +✖ 1 problem/);
		tui.type('wrong').press('enter');
		await tui.shows('wrong.yml:2:15: unknown key `comand`; did you mean `command`?');
		expect(await latest(orchestra)).toMatchObject({workflow: 'flow'});
	});

	test('what the server has against a value stands at its field', async () => {
		const {tui, orchestra} = await open();
		await withWorkflows(orchestra);
		tui.press('R');
		await tui.shows('release.yml');
		tui.type('rel').press('enter').type('x');
		await tui.shows(' Run release ');
		writeFileSync(join(orchestra.services.workflowDir, 'release.yml'), workflow.replace('{name: target,', '{name: target, enum: [moon],'));
		tui.press('ctrl+s');
		await tui.shows('must be one of');
		tui.press('esc');
		await tui.hides(' Run release ');
	});
});

describe('about a task', () => {
	test('all there is to know, scrolled, with the command lines for a shell', async () => {
		const {tui, orchestra} = await open();
		const {id} = await latest(orchestra);
		tui.press('j', 'i');
		await tui.shows(' Task lint ');
		await tui.shows(/attempt 1 +✖ failed .* on builder .* exit 3/);
		tui.press('G');
		await tui.shows(`byoai retry ${id} --only lint`);
		tui.press('esc');
		await tui.shows('2 Tasks 4');
	});

	test('why it waits', async () => {
		const {tui} = await open();
		tui.press('G', 'w');
		await tui.shows('test: why it waits');
		await tui.shows('Waits for hang (running).');
	});

	test('why it waits: for an agent that is starting, with the last that its instance printed', async () => {
		const never = new Promise<never>(() => undefined);
		const driver = (real: Driver): Driver => ({...real, start: spec => (spec.agent.name === 'late' ? never : real.start(spec))});
		const lines = Array.from({length: 9}, (_, index) => `line ${index + 1}\u001b[2J`);
		const lastOutput = async (agent: string) => (agent === 'late' ? lines.join('\n') : undefined);
		const {tui, orchestra} = await open({world: {faults: {driver}, lastOutput}});
		await orchestra.call('POST', '/deploy_agent', {name: 'late', type: 'local', slots: 3});
		await orchestra.call('POST', '/v1/runs', {workflow: {name: 'waits', tasks: [{name: 'patient', command: 'x', agent: 'late'}]}});
		tui.press('4');
		await tui.shows('waits');
		tui.press('g', 'enter');
		await tui.shows('patient');
		tui.press('w');
		await tui.shows('patient: why it waits');
		await tui.shows('late: starting, instance starting, 0 of 3 slots in use');
		await tui.shows(/The last that it printed:\s+line 5\s+line 6\s+line 7\s+line 8\s+line 9\s/);
		tui.press('o', '1');
		await tui.shows('late');
		tui.press('G', 'i');
		await tui.shows(/printed +line 1/);
	});

	test('what changes while one looks', async () => {
		const {tui, orchestra} = await open();
		tui.press('j', 'j', 'i');
		await tui.shows('▶ running');
		await orchestra.call('POST', '/v1/runs/latest/cancel', {reason: 'enough'});
		await tui.shows('⊘ cancelled: enough');
	});
});

describe('retrying', () => {
	test('shows first what would run', async () => {
		const {tui, orchestra} = await open();
		tui.press('r');
		await tui.shows('goes on: cancel it first, or wait for its end');
		await orchestra.call('POST', '/v1/runs/latest/cancel', {reason: 'enough'});
		await tui.shows(/⊘ cancelled {2}\d/);
		const {id} = await latest(orchestra);
		tui.press('j', 'r');
		await tui.shows(`Retry run ${id}?`);
		tui.press('o');
		await tui.shows('1 of 4 tasks');
		await tui.shows('Runs: lint');
		expect(await latest(orchestra)).toMatchObject({id});
		tui.press('y');
		await tui.shows(/run r\w+ begins/);
		expect(await latest(orchestra)).toMatchObject({retryOf: id});
	});
});

describe('agents', () => {
	test('are drained and removed after a question', async () => {
		const {tui, orchestra} = await open();
		tui.press('1', 'D');
		await tui.shows('Drain agent builder?');
		tui.press('y');
		await tui.shows(/↓ draining +builder/);
		tui.press('ctrl+k');
		await tui.shows('It runs a task, which is lost');
		tui.press('n');
		await tui.hides('Remove agent builder?');
		expect(await (await orchestra.call('GET', '/v1/agents/builder')).json()).toMatchObject({status: 'draining'});
	});

	test('are deployed from a form', async () => {
		const {tui, orchestra} = await open();
		tui.press('1', 'a');
		await tui.shows(' Deploy an agent ');
		tui.type('extra').press('tab', 'l', 'ctrl+s');
		await tui.shows('agent extra is being deployed');
		expect(await (await orchestra.call('GET', '/v1/agents/extra')).json()).toMatchObject({type: 'local', spec: {slots: 1}});
	});

	test('those that are no container have no shell, which is said', async () => {
		const {tui} = await open();
		tui.press('1', 's');
		await tui.shows('agent builder is no container');
	});
});

describe('commands', () => {
	test('are completed, and tell what they want', async () => {
		const {tui} = await open();
		tui.press(':').type('drai');
		await tui.shows('drain [AGENT]: let an agent finish');
		tui.press('tab').type('bu').press('tab');
		await tui.shows(':drain builder');
		tui.press('enter');
		await tui.shows('Drain agent builder?');
	});

	test('what cannot be done is said, and the line stays', async () => {
		const {tui} = await open();
		tui.press(':').type('dran builder').press('enter');
		await tui.shows('there is no command dran; did you mean `drain`?');
		await tui.shows(':dran builder');
		tui.press('ctrl+u').type('retry r1 form lint').press('enter');
		await tui.shows('expected from TASK or only TASK');
		tui.press('esc', ':', 'ctrl+u').type('q').press('esc', ':').type('drain nobody').press('enter');
		await tui.shows('there is no agent nobody');
	});

	test('every key is one by the name of what it does, and former ones are recalled', async () => {
		const {tui} = await open();
		tui.press(':').type('zoom').press('enter');
		await tui.hides('output of build');
		tui.press(':', 'up', 'enter');
		await tui.shows('output of build');
	});

	test('start a workflow with its params', async () => {
		const {tui, orchestra} = await open();
		await withWorkflows(orchestra);
		tui.press(':').type('start release.yml target=mars').press('enter');
		await tui.shows(/byoai {2}release/);
		expect(await latest(orchestra)).toMatchObject({params: {target: 'mars'}});
		tui.press(':').type('start release.yml').press('enter');
		await tui.shows('target');
		await tui.shows('required');
	});
});

describe('a screen that is read-only', () => {
	test('refuses before it asks', async () => {
		const {tui, orchestra} = await open({readonly: true});
		for (const keys of [['R'], ['r'], ['ctrl+k'], ['1', 'D'], ['1', 'a'], ['1', 's'], [':', 'cancel', 'enter']]) {
			tui.press(...keys);
			await tui.shows('this screen is read-only');
			tui.press('2');
			await tui.hides('this screen is read-only');
		}
		tui.press(':').type('start plain.yml').press('enter');
		await tui.shows('this screen is read-only');
		expect(await latest(orchestra)).toMatchObject({status: 'running', workflow: 'flow'});
	});
});

describe('output', () => {
	function directory(): string {
		const path = mkdtempSync(join(tmpdir(), 'byoai-test-'));
		onTestFinished(() => rmSync(path, {recursive: true}));
		return path;
	}

	test('in the pager, which has the terminal for so long', async () => {
		const ran: string[][] = [];
		const {tui} = await open({
			environment: {PAGER: 'more -s'},
			runProgram: async (program, args) => {
				ran.push([program, ...args.slice(0, -1), readFileSync(args.at(-1) ?? '', 'utf8')]);
				return 0;
			},
		});
		tui.press('j', 'o');
		await expect.poll(() => ran).toEqual([['sh', '-c', 'more -s "$1"', 'sh', 'output of lint\n']]);
		await tui.shows('2 Tasks 4');
	});

	test('in a file, which is not written over', async () => {
		const file = join(directory(), 'lint.log');
		const {tui} = await open();
		tui.press('j', ':').type(`save ${file}`).press('enter');
		await tui.shows('saved: ');
		expect(readFileSync(file, 'utf8')).toBe('output of lint\n');
		tui.press(':').type(`save ${file}`).press('enter');
		await tui.shows('is there already');
	});

	test('names and command lines go to the clipboard of the terminal', async () => {
		const {tui, orchestra} = await open();
		const {id} = await latest(orchestra);
		const copied: string[] = [];
		tui.onClipboard(text => copied.push(text));
		tui.press('j', 'y', 'Y');
		await tui.shows(`copied: byoai logs ${id} lint`);
		expect(copied).toEqual(['lint', `byoai logs ${id} lint`]);
		tui.press('enter');
		await tui.hides('output of build');
		await tui.shows('output of lint');
		tui.press('y');
		await tui.shows('copied: output of lint');
		expect(copied.at(-1)).toBe('output of lint');
	});
});

describe('what needs attention', () => {
	test('is gone to in both directions, through tasks and agents', async () => {
		const {tui} = await open();
		tui.press('n');
		await expect.poll(() => tui.row('lint  ')).toMatch(/^›/);
		tui.press('n');
		await tui.shows('nothing else needs attention');
		tui.press('j', 'N');
		await expect.poll(() => tui.row('lint  ')).toMatch(/^›/);
	});
});

describe('a screen that is read out', () => {
	test('is plain lines of the pane in use, and of a question what is chosen', async () => {
		const {tui} = await open({environment: {INK_SCREEN_READER: 'true'}, shows: 'failed'});
		await tui.shows(/2\/4 {2}x 1 failed/);
		await tui.shows(/^\[> +\+ succeeded {2}build .*\]$/m);
		await tui.hides('output of build');
		await tui.hides('──');
		tui.press('ctrl+k');
		await tui.shows(/^y cancel it {2}\[n let it go on\]$/m);
	});
});
