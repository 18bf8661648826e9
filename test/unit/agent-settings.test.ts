import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {hostname, tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {commandLine, inheritedEnvironment} from '../../agent/command.ts';
import {claimInstance, enterWatchdog} from '../../agent/instance.ts';
import {readSettings} from '../../agent/settings.ts';
import type {Assignment} from '../../source/protocol/messages.ts';

const url = 'http://127.0.0.1:5001';
let directory: string;

beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), 'agent-'));
});
afterEach(() => rmSync(directory, {recursive: true, force: true}));

describe('settings', () => {
	test('have defaults, and empty variables count as unset', () => {
		expect(readSettings({ORCHESTRATOR_URL: url, AGENT_NAME: '', AGENT_SLOTS: '', BYOAI_TOKEN: ''})).toEqual({
			name: hostname(),
			url,
			slots: 1,
			labels: {},
			host: '127.0.0.1',
			port: 5000,
			portIsExplicit: false,
			open: false,
			taskOutputBytes: 4 * 1024 * 1024,
			spoolBytes: 256 * 1024 * 1024,
			watched: true,
		});
	});

	test('are read', () => {
		const env = {
			BYOAI_ENDPOINT_FILE: '/e',
			BYOAI_INSTANCE_DIR: '/i',
			AGENT_NAME: 'b~r1~2',
			AGENT_SLOTS: '4',
			AGENT_LABELS: 'os=linux, x==y,',
			AGENT_HOST: '[::]',
			AGENT_API_PORT: '0',
			AGENT_URL: 'https://a.example/agent',
			AGENT_WORKFLOW: 'own.yml',
			AGENT_WATCHDOG: 'none',
			AGENT_TASK_OUTPUT_BYTES: '10',
			BYOAI_TOKEN: 't',
			BYOAI_AUTH: 'none',
		};
		expect(readSettings(env)).toMatchObject({
			name: 'b~r1~2',
			endpointFile: '/e',
			instanceDirectory: '/i',
			slots: 4,
			labels: {os: 'linux', x: '=y'},
			host: '::',
			port: 0,
			portIsExplicit: true,
			advertisedUrl: 'https://a.example/agent',
			workflow: 'own.yml',
			watched: false,
			taskOutputBytes: 10,
			token: 't',
			open: true,
		});
	});

	test.each<[string, NodeJS.ProcessEnv]>([
		['set ORCHESTRATOR_URL', {BYOAI_INSTANCE_DIR: '/i'}],
		['ORCHESTRATOR_URL must be', {ORCHESTRATOR_URL: 'ftp://x'}],
		['ORCHESTRATOR_URL must be', {ORCHESTRATOR_URL: 'localhost'}],
		['AGENT_NAME must be', {ORCHESTRATOR_URL: url, AGENT_NAME: 'a b'}],
		['AGENT_SLOTS must be', {ORCHESTRATOR_URL: url, AGENT_SLOTS: '0'}],
		['AGENT_SLOTS must be', {ORCHESTRATOR_URL: url, AGENT_SLOTS: '1e3'}],
		['AGENT_SLOTS must be a whole number from 1 to 10000', {AGENT_SLOTS: '10001'}],
		['AGENT_LABELS must be', {ORCHESTRATOR_URL: url, AGENT_LABELS: 'linux'}],
		['AGENT_LABELS has os twice', {AGENT_LABELS: 'os=linux,os=mac'}],
		['AGENT_LABELS may have names of 100', {AGENT_LABELS: `${'x'.repeat(101)}=y`}],
		['AGENT_NAME cannot be constructor', {AGENT_NAME: 'constructor'}],
		['AGENT_API_PORT must be a whole number from 0 to 65535', {AGENT_API_PORT: '65536'}],
		['AGENT_HOST must be', {AGENT_HOST: 'http://0.0.0.0'}],
		['AGENT_URL must be', {AGENT_URL: 'a.example:5000'}],
		['BYOAI_AUTH must be token or none', {BYOAI_AUTH: 'off'}],
	])('%s …', (message, env) => {
		expect(() => readSettings(env)).toThrow(message);
	});
});

test('commands inherit all but what concerns the agent', () => {
	expect(inheritedEnvironment({PATH: '/bin', BYOAI_TOKEN: 'x', AGENT_SLOTS: '1', MY_AGENT_X: 'y'})).toEqual({
		PATH: '/bin',
		MY_AGENT_X: 'y',
	});
});

describe('a command line', () => {
	const assignment: Assignment = {ref: {run: 'r', task: 0, attempt: 1}, task: 't', command: 'a; b', env: {}, graceMs: 0};

	test.each<[Partial<Assignment>, string[]]>([
		[{}, ['sh', '-c', 'a; b']],
		[{command: ['a', 'b']}, ['sh', '-ec', 'a\nb']],
		[{shell: ['bash', '-xc']}, ['bash', '-xc', 'a; b']],
		[{command: ['a', 'b'], shell: ['python3', '-c']}, ['python3', '-c', 'a\nb']],
	])('%j', (change, expected) => {
		const line = commandLine({...assignment, ...change}, directory);
		expect([line.program, ...line.arguments]).toEqual(expected);
		expect(line.file).toBeUndefined();
	});

	test.each<[Partial<Assignment>, string[]]>([
		[{}, ['sh']],
		[{command: ['x'.repeat(200_000)]}, ['sh', '-e']],
		[{shell: ['bash', '--norc', '-eu', '-c']}, ['bash', '--norc', '-eu']],
	])('too long for an argument goes through a file: %#', (change, expected) => {
		const line = commandLine({...assignment, command: 'x'.repeat(200_000), ...change}, directory);
		expect([line.program, ...line.arguments]).toEqual([...expected, line.file]);
		expect(readFileSync(line.file ?? '', 'utf8')).toBe('x'.repeat(200_000));
	});

	test('a program that may not take a file gets its script as an argument, whatever its length', () => {
		expect(commandLine({...assignment, command: 'x'.repeat(200_000), shell: ['node', '-e']}, directory).file).toBeUndefined();
	});
});

describe('an instance', () => {
	test('is claimed once', () => {
		expect(claimInstance(directory)).toBe(true);
		expect(JSON.parse(readFileSync(join(directory, 'pid'), 'utf8'))).toMatchObject({pid: process.pid});
		expect(claimInstance(directory)).toBe(false);
		expect(readdirSync(directory)).toEqual(['pid']);
	});

	test('is not claimed when a dead process has it, nor when its directory is gone', () => {
		writeFileSync(join(directory, 'pid'), JSON.stringify({pid: 2 ** 22 + 1, startTime: '1'}));
		expect(claimInstance(directory)).toBe(false);
		rmSync(directory, {recursive: true});
		expect(claimInstance(directory)).toBe(false);
	});

	test('knows its watchdog, the newest where there were more', () => {
		writeFileSync(join(directory, 'watchdog.pid'), '{}');
		enterWatchdog(directory);
		expect(JSON.parse(readFileSync(join(directory, 'watchdog.pid'), 'utf8'))).toMatchObject({pid: process.pid});
		expect(readdirSync(directory)).toEqual(['watchdog.pid']);
	});
});
