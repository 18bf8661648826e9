import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {readSettings} from '../../source/commands/settings.ts';
import {ByoaiError} from '../../source/model/error.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

function settingsFile(text: string): string {
	const file = join(temporaryDirectory(), 'config.yml');
	writeFileSync(file, text);
	return file;
}

/** `line:column message` of all that is wrong. */
function faultsOf(text: string): string[] {
	try {
		readSettings(settingsFile(text));
	} catch (error) {
		if (error instanceof ByoaiError && error.code === 'invalid') {
			return error.problems.map(({line, column, message}) => `${line}:${column} ${message}`);
		}
		throw error;
	}
	return [];
}

test('no file is no settings, and so is an empty one', () => {
	expect(readSettings(join(temporaryDirectory(), 'none/config.yml'))).toEqual({});
	expect(readSettings(settingsFile('# nothing\n'))).toEqual({intervals: {}});
});

test('every key', () => {
	const text = `host: 0.0.0.0
port: 7000
url: http://example.org
token: secret
auth: none
state_dir: /s
workflow_dir: /w
local_slots: 3
agent_timeout: 10m
task_grace: 2.5s
lease: 90
instance_lease: 12h
limits:
  active_runs: 5
theme: light
keys:
  pane-1: [a, 7]
  zoom: Z
`;
	expect(readSettings(settingsFile(text))).toEqual({
		host: '0.0.0.0',
		port: 7000,
		url: 'http://example.org',
		token: 'secret',
		auth: 'none',
		stateDir: '/s',
		workflowDir: '/w',
		localSlots: 3,
		intervals: {agentTimeoutMs: 600_000, graceMs: 2500, leaseMs: 90_000, instanceLeaseMs: 43_200_000},
		limits: {active_runs: 5},
		theme: 'light',
		keys: {'pane-1': ['a', '7'], zoom: ['Z']},
	});
});

test('all faults at once, each with its place', () => {
	expect(faultsOf('hots: x\nport: 70000\nlease: soon\nlimits:\n  active_run: 1\n  agents: 0\nauth: basic\n')).toEqual([
		'1:1 `hots` is not a known setting; did you mean `host`?',
		'2:7 `port` must be a whole number from 0 to 65535',
		'3:8 `lease` must be a duration such as `90s`, `5m` or `1h30m`',
		'5:3 `active_run` is not a known setting; did you mean `active_runs`?',
		'6:11 `agents` must be a whole number from 1 on',
		'7:7 `auth` must be `token` or `none`',
	]);
});

test.each([
	['- a\n', '1:1 must be a mapping of names to values'],
	['host: [\n', expect.stringMatching(/not valid YAML/)],
	['kept_runs: 3\n', '1:1 `kept_runs` is not a known setting; it stands under `limits:`'],
	['__proto__: 1\n', '1:1 `__proto__` is not a known setting'],
	['theme: pink\n', '1:8 `theme` must be one of `auto`, `dark`, `light`, `mono`'],
	['keys: z\n', '1:7 `keys` must be a mapping of actions to keys'],
	['keys:\n  zom: x\n', '2:3 `zom` is no action; did you mean `zoom`?'],
	['keys:\n  zoom: {}\n', '2:9 `zoom` must be a key or a list of keys, as text'],
	['keys:\n  zoom: [Z, ctrl+c]\n', '2:9 `zoom` cannot be that: `ctrl+c` always asks whether to leave'],
	['keys:\n  zoom: f5\n', expect.stringMatching(/^2:9 `zoom` cannot be that: `f5` is no key: one character, /)],
	[
		'keys:\n  zoom: y\n',
		'2:9 `zoom` cannot be that: `y` is the key of `copy` there (copy its name, or the line in the logs): give that another one as well',
	],
	['limits: 3\n', '1:9 `limits` must be a mapping of names to values'],
])('%j', (text, fault) => {
	expect(faultsOf(text)).toEqual([fault]);
});

test('a file that cannot be read is told apart from a wrong one', () => {
	const path = join(temporaryDirectory(), 'config.yml');
	mkdirSync(path);
	expect(() => readSettings(path)).toThrow(expect.objectContaining({code: 'unavailable'}));
});
