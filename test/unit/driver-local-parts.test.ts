import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {fileName, instanceNames, lastOutput, logFile, readClaim, refuseClaims} from '../../source/drivers/local/directory.ts';
import {isAlive, killGroup, toProcessId} from '../../source/drivers/local/process.ts';
import {agentEnvironment, validateLocal} from '../../source/drivers/local/spec.ts';
import type {AgentSpec} from '../../source/model/workflow.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';

describe('validate', () => {
	const unfit: ReadonlyArray<[key: string, agent: Partial<AgentSpec>]> = [
		['labels', {labels: {a: 'b,c'}}],
		['labels', {labels: {'a=b': 'c'}}],
	];

	test.each(unfit)('names the key %s', (key, agent) => {
		const problems = validateLocal(instanceSpec('a', agent));
		expect(problems).toHaveLength(1);
		expect(problems[0]).toContain(`\`${key}\``);
	});

	test('takes what a process can be given, and what only a container would heed', () => {
		expect(validateLocal(instanceSpec('a', {slots: 4, labels: {gpu: 'a=b'}, env: {A: 'b'}, lifetime: 'task', replicas: 3}))).toEqual([]);
		expect(validateLocal(instanceSpec('a', {image: 'alpine', volumes: ['./data:/app/data']}))).toEqual([]);
	});

	test('names all that it cannot at once', () => {
		expect(validateLocal(instanceSpec('a', {labels: {a: 'b,c', 'x=y': 'z'}}))).toHaveLength(2);
	});
});

describe('environment of an agent', () => {
	const spec = instanceSpec('builder~r1', {slots: 2, labels: {gpu: 'yes', zone: 'a'}, env: {HOME: '/agent', AGENT_SLOTS: '9'}}, '/project');

	test('names the workflow that the agent is to hand over', () => {
		expect(agentEnvironment({}, instanceSpec('a', {workflow: 'more.yml'}), {})).toMatchObject({AGENT_WORKFLOW: 'more.yml'});
	});

	test('holds nothing of the orchestrator’s own', () => {
		const inherited = {BYOAI_TOKEN: 'secret', BYOAI_HOST: '0.0.0.0', AGENT_IMAGE: 'x', PATH: '/bin', AGENTS: 'kept', UNSET: undefined};
		expect(Object.keys(agentEnvironment(inherited, spec, {})).sort()).toEqual([
			'AGENTS',
			'AGENT_LABELS',
			'AGENT_NAME',
			'AGENT_SLOTS',
			'HOME',
			'PATH',
		]);
	});

	test('agent env comes over what is inherited, and what the instance must know over both', () => {
		expect(agentEnvironment({HOME: '/root', BYOAI_TOKEN: 'ours'}, spec, {BYOAI_TOKEN: 'its'})).toEqual({
			HOME: '/agent',
			AGENT_NAME: 'builder~r1',
			AGENT_SLOTS: '2',
			AGENT_LABELS: 'gpu=yes,zone=a',
			BYOAI_TOKEN: 'its',
		});
	});
});

describe('directories', () => {
	let root: string;

	beforeEach(() => {
		root = mkdtempSync(join(tmpdir(), 'byoai-directory-'));
	});

	afterEach(() => rmSync(root, {recursive: true, force: true}));

	test.each(['a', 'a~r01.x~2', '.', '..', '.a', 'a/b', '../a', 'ü %2E'])('the name %j makes the round', async name => {
		expect(fileName(name)).not.toMatch(/^\.|\//);
		mkdirSync(join(root, fileName(name)));
		expect(await instanceNames(root)).toEqual([name]);
	});

	test('what is no instance is passed over', async () => {
		writeFileSync(join(root, 'file'), '');
		mkdirSync(join(root, '.removed'));
		expect(await instanceNames(root)).toEqual([]);
		expect(await instanceNames(join(root, 'missing'))).toEqual([]);
	});

	test('once claims are refused, nobody can claim any more', async () => {
		expect(await readClaim(root)).toBe('none');
		expect(await refuseClaims(root)).toBeUndefined();
		expect(await readClaim(root)).toBe('void');
		writeFileSync(join(root, 'mine'), '{}');
		expect(() => linkSync(join(root, 'mine'), join(root, 'pid'))).toThrow('EEXIST');
		// An agent that looks whether the holder lives finds that it does.
		expect(isAlive(JSON.parse(readFileSync(join(root, 'pid'), 'utf8')))).toBe(true);
		expect(await refuseClaims(root)).toBeUndefined();
	});

	test('refusing claims tells of the agent that was faster, and minds no directory that is gone', async () => {
		writeFileSync(join(root, 'pid'), '{"pid": 12, "startTime": "34"}');
		expect(await refuseClaims(root)).toEqual({pid: 12, startTime: '34'});
		expect(await readClaim(root)).toEqual({pid: 12, startTime: '34'});
		expect(await refuseClaims(join(root, 'gone'))).toBeUndefined();
	});

	test.each([
		['nothing', '', undefined],
		['blank lines', '\n\n', undefined],
		['a few lines', 'a\nb\n', 'a\nb'],
		['many lines', Array.from({length: 50}, (_, n) => `${n}\n`).join(''), Array.from({length: 20}, (_, n) => `${n + 30}`).join('\n')],
		['long lines', `${'x'.repeat(3000)}\n${'y'.repeat(3000)}\n`, 'y'.repeat(3000)],
		['one endless line', 'x'.repeat(5000), 'x'.repeat(4096)],
	])('the last output of %s', async (_what, text, expected) => {
		writeFileSync(logFile(root), text);
		expect(await lastOutput(root)).toBe(expected);
	});

	test('there is no last output without a log', async () => {
		expect(await lastOutput(join(root, 'missing'))).toBeUndefined();
	});
});

describe('processes', () => {
	test('no signal can ever go to a pid that stands for many', () => {
		for (const pid of [-1, 0, 1, 1.5, Number.NaN, '12', undefined]) expect(toProcessId(pid, undefined)).toBeUndefined();
		expect(toProcessId(12, 34)).toEqual({pid: 12, startTime: '34'});
	});

	test.runIf(process.platform === 'linux')('a zombie is not alive, and a group of zombies is gone', async () => {
		// The child ends once its parent has become a program that never asks after it.
		const script = 'exec 3<&0; cat <&3 & echo $!; exec sleep 1000';
		const parent = spawn('sh', ['-c', script], {detached: true, stdio: ['pipe', 'pipe', 'ignore']});
		try {
			const [line] = await once(parent.stdout, 'data');
			const zombie = {pid: Number(String(line))};
			await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n');
			expect(isAlive(zombie)).toBe(true);
			parent.stdin.end();
			await expect.poll(() => isAlive(zombie)).toBe(false);
			expect(process.kill(zombie.pid, 0)).toBe(true);
			expect(isAlive({pid: Number(parent.pid)})).toBe(true);
		} finally {
			const exit = once(parent, 'exit');
			parent.kill('SIGKILL');
			await exit;
		}
		expect(await killGroup({pid: Number(parent.pid)}, 0)).toBe(true);
	});
});
