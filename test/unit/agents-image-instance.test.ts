import {spawnSync} from 'node:child_process';
import {expect, test} from 'vitest';
import {imageInstanceName, imageInstanceOf} from '../../source/agents/image-instance.ts';
import type {InstanceCommand} from '../../source/model/instance.ts';
import type {Workflow} from '../../source/model/workflow.ts';
import {loadValid} from '../helpers/load-workflow.ts';
import {Play} from '../helpers/scheduling.ts';

const run = 'r0123456789a';
const ref = {run, task: 0, attempt: 1};

/** The instance of the first attempt of a workflow's first task. */
function instanceOf(flow: Workflow) {
	const play = new Play().submit(flow, {run});
	const made = imageInstanceOf(play.state, ref);
	if (made === undefined) throw new Error('no instance');
	return made;
}

/** What an image's engine is told to run for a task. */
function commandOf(task: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}): InstanceCommand {
	const {command} = instanceOf(loadValid(JSON.stringify({...more, tasks: [{name: 'a', image: 'some', ...task}]}))).spec;
	if (command === undefined) throw new Error('no command');
	return command;
}

test('its name is the attempt; what it is made after is the mould; where it stands is the workflow’s directory', () => {
	const flow = loadValid(
		'agents: [{name: big, type: kubernetes, image: other}]\ntasks: [{name: a, agent: big, image: some, command: "true"}]',
	);
	const {spec} = instanceOf(flow);
	expect(imageInstanceName(ref)).toBe(`${run}.0#1`);
	expect(spec).toMatchObject({
		name: `${run}.0#1`,
		directory: '/work',
		agent: {type: 'kubernetes', image: 'some'},
		command: {ref, task: 'a'},
	});
	expect(imageInstanceOf(new Play().state, ref)).toBeUndefined();
	expect(imageInstanceOf(new Play().submit(loadValid('tasks: [{command: x}]'), {run}).state, ref)).toBeUndefined();
});

test.each([
	['a text', {command: 'echo a'}, ['sh', '-c', 'echo a']],
	['lines stop at the first that fails', {command: ['false', 'echo b']}, ['sh', '-ec', 'false\necho b']],
	['a shell by name', {command: 'echo a', shell: '/bin/bash'}, ['/bin/bash', '-c', 'echo a']],
	['another program', {command: '1 + 1', shell: 'node'}, ['node', '-e', '1 + 1']],
	['an argv', {command: 'x', shell: ['env', 'A=1', 'sh', '-c']}, ['env', 'A=1', 'sh', '-c', 'x']],
])('%s', (_, task, argv) => {
	expect(commandOf(task).argv).toEqual(argv);
});

test('its variables: the agent’s, the workflow’s, the task’s, and whose attempt it is', () => {
	const more = {agents: [{name: 'box', type: 'docker', env: {A: 'agent', B: 'agent', C: 'agent'}}], env: {B: 'flow', C: 'flow'}};
	const {env, workingDir} = commandOf({agent: 'box', command: 'true', env: {C: 'task'}, working_dir: 'sub'}, more);
	expect(env).toEqual({A: 'agent', B: 'flow', C: 'task', BYOAI_RUN: run, BYOAI_TASK: 'a', BYOAI_ATTEMPT: '1'});
	expect(workingDir).toBe('sub');
});

const shells = new Set(['dash', 'bash', 'busybox'].filter(program => spawnSync(program, ['--help']).error === undefined));

/** 300 KiB with all that a shell could trip over, and characters of one to four bytes across each border. */
const lines = Array.from({length: 3000}, (_, index) => `printf '%s\\n' 'line ${index} "$HOME" \`x\` \\ é 漢 🚀'${' '.repeat(index % 61)}`);
const printed = lines.map((_, index) => `line ${index} "$HOME" \`x\` \\ é 漢 🚀\n`).join('');

test.for([
	{name: 'dash', argv: ['dash']},
	{name: 'bash', argv: ['bash']},
	{name: 'busybox', argv: ['busybox', 'sh']},
])('a long script really runs in $name, and is not handed on to what it starts', ({name, argv: [program = '', ...first]}, {skip}) => {
	skip(!shells.has(program), `${name} is not on this host`);
	const tail = 'env | grep -c BYOAI_SCRIPT; exit 7';
	const {argv, env} = commandOf({command: `${[...lines, tail].join('\n')}\n`});
	const [, ...rest] = argv;
	for (const value of [...rest, ...Object.values(env)]) expect(Buffer.byteLength(value)).toBeLessThan(128 * 1024);
	const ended = spawnSync(program, [...first, ...rest], {
		env: {PATH: process.env.PATH, ...env},
		stdio: ['ignore', 'pipe', 'pipe'],
		encoding: 'utf8',
		maxBuffer: 2 ** 24,
	});
	expect(ended.stderr).toBe('');
	expect(ended.stdout === `${printed}0\n`, ended.stdout.slice(-200)).toBe(true);
	expect(ended.status).toBe(7);
});

test('a long list of lines stops at the first that fails, too', () => {
	const {argv, env} = commandOf({command: [...lines, 'false', 'echo never']});
	expect(argv[1]).toBe('-ec');
	const ended = spawnSync('dash', argv.slice(1), {env: {PATH: process.env.PATH, ...env}, encoding: 'utf8', maxBuffer: 2 ** 24});
	expect([ended.status, ended.stdout === printed]).toEqual([1, true]);
});

test('another program than a shell gets its script in one', () => {
	const script = 'x'.repeat(200_000);
	const {argv, env} = commandOf({command: script, shell: 'node'});
	expect(argv).toEqual(['node', '-e', script]);
	expect(Object.keys(env).filter(key => key.startsWith('BYOAI_SCRIPT'))).toEqual([]);
});
