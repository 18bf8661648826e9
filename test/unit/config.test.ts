import {homedir} from 'node:os';
import {join, resolve} from 'node:path';
import {describe, expect, test} from 'vitest';
import type {ConfigFlags, Environment, Settings} from '../../source/config.ts';
import {readConfig, refuseExposure, settingsPath} from '../../source/config.ts';
import {defaultLimits} from '../../source/model/limits.ts';

type Sources = {flags?: ConfigFlags; environment?: Environment; settings?: Settings; terminal?: {out: boolean; err: boolean}};

function read({flags = {}, environment = {}, settings = {}, terminal = {out: false, err: false}}: Sources = {}) {
	return readConfig({flags, environment, settings, terminal});
}

describe('where a value comes from', () => {
	test('by default', () => {
		const config = read();
		expect(config).toMatchObject({
			host: '127.0.0.1',
			port: 5001,
			portIsExplicit: false,
			auth: 'token',
			stateDir: join(homedir(), '.local/state/byoai'),
			stateDirIsExplicit: false,
			logLevel: 'info',
			docker: {image: 'byoai-agent:latest', network: 'bridge', loginDirectory: join(homedir(), '.docker')},
			limits: defaultLimits,
		});
		expect(config).not.toHaveProperty('token');
		expect(config).not.toHaveProperty('url');
		expect(config.intervals).toMatchObject({leaseMs: 60_000, instanceLeaseMs: 86_400_000, agentTimeoutMs: 300_000});
	});

	test('the settings file, over that variables, over that flags', () => {
		const settings = {host: 'a', port: 1, token: 'a', auth: 'none', url: 'http://a', stateDir: '/a'} as const;
		expect(read({settings})).toMatchObject({...settings, portIsExplicit: true, stateDirIsExplicit: true});
		const environment = {
			BYOAI_HOST: 'b',
			AGENT_MANAGER_API_PORT: '2',
			BYOAI_TOKEN: 'b',
			BYOAI_AUTH: 'token',
			ORCHESTRATOR_URL: 'http://b/',
			BYOAI_STATE_DIR: '/b',
		};
		expect(read({settings, environment})).toMatchObject({host: 'b', port: 2, token: 'b', auth: 'token', url: 'http://b', stateDir: '/b'});
		const flags = {host: 'c', port: '3', token: 'c', auth: 'none', url: 'http://c', stateDir: 'c'};
		expect(read({settings, environment, flags})).toMatchObject({...flags, port: 3, stateDir: resolve('c')});
	});

	test('where URL and token were told is kept, for messages', () => {
		const settings = {url: 'http://a', token: 'a'};
		const environment = {ORCHESTRATOR_URL: 'http://b', BYOAI_TOKEN: 'b', XDG_CONFIG_HOME: '/etc'};
		expect(read().told).toEqual({});
		expect(read({settings, environment: {XDG_CONFIG_HOME: '/etc'}}).told).toEqual({
			url: 'url in /etc/byoai/config.yml',
			token: 'token in /etc/byoai/config.yml',
		});
		expect(read({settings, environment}).told).toEqual({url: 'ORCHESTRATOR_URL', token: 'BYOAI_TOKEN'});
		expect(read({settings, environment, flags: {url: 'http://c', token: 'c'}}).told).toEqual({url: '--url', token: '--token'});
	});

	test('an empty variable counts as unset', () => {
		const environment = {
			BYOAI_HOST: '',
			AGENT_MANAGER_API_PORT: '',
			BYOAI_TOKEN: '',
			BYOAI_AUTH: '',
			ORCHESTRATOR_URL: '',
			BYOAI_STATE_DIR: '',
		};
		expect(read({environment})).toEqual({...read(), environment});
	});

	test('limits and intervals of the settings file join the others', () => {
		const config = read({settings: {limits: {active_runs: 3}, intervals: {leaseMs: 5}, localSlots: 9, workflowDir: '/w'}});
		expect(config.limits).toEqual({...defaultLimits, active_runs: 3});
		expect(config.intervals).toMatchObject({leaseMs: 5, graceMs: 10_000});
		expect(config).toMatchObject({localSlots: 9, workflowDir: '/w'});
	});

	test('directories of the XDG specification, absolute ones only', () => {
		expect(read({environment: {XDG_STATE_HOME: '/state'}}).stateDir).toBe('/state/byoai');
		expect(read({environment: {XDG_STATE_HOME: 'state'}}).stateDir).toBe(join(homedir(), '.local/state/byoai'));
		expect(settingsPath({XDG_CONFIG_HOME: '/config'})).toBe('/config/byoai/config.yml');
	});
});

test.each([
	[{port: '65536'}, /--port .* 0 to 65535, not "65536"/],
	[{port: '1e3'}, /--port/],
	[{url: 'localhost:5001'}, /--url .* must be a URL/],
	[{auth: 'basic'}, /--auth .* token, none, not "basic"/],
	[{logLevel: 'loud'}, /--log-level/],
] as const)('refuses %o', (flags, message) => {
	expect(() => read({flags})).toThrow(expect.objectContaining({code: 'usage', message: expect.stringMatching(message)}));
});

describe('colours', () => {
	const terminal = {out: true, err: false};
	test.each([
		[{}, {out: true, err: false}],
		[{environment: {TERM: 'dumb'}}, {out: false, err: false}],
		[{environment: {NO_COLOR: '1'}}, {out: false, err: false}],
		[{environment: {NO_COLOR: ''}}, {out: true, err: false}],
		[{environment: {FORCE_COLOR: '1'}}, {out: true, err: true}],
		[{environment: {FORCE_COLOR: '0'}}, {out: false, err: false}],
		[{environment: {FORCE_COLOR: '1', NO_COLOR: '1'}}, {out: false, err: false}],
		[
			{flags: {color: false}, environment: {FORCE_COLOR: '1'}},
			{out: false, err: false},
		],
	])('%o', (sources: Sources, colour) => {
		expect(read({...sources, terminal}).colour).toEqual(colour);
	});
});

test.each([
	[{}, true],
	[{LANG: 'en_US.UTF-8'}, true],
	[{LC_ALL: 'C', LANG: 'en_US.UTF-8'}, false],
	[{LC_CTYPE: 'de_DE.utf8'}, true],
	[{LANG: 'de_DE'}, false],
] as const)('the locale %o permits more than ASCII: %s', (environment, unicode) => {
	expect(read({environment}).unicode).toBe(unicode);
});

test('HTTPS is with a certificate of its own, or with a given one', () => {
	expect(read()).not.toHaveProperty('https');
	expect(read({flags: {https: true}}).https).toEqual({});
	expect(read({flags: {httpsCert: 'a.pem', httpsKey: '/b.key'}}).https).toEqual({cert: resolve('a.pem'), key: '/b.key'});
	expect(() => read({flags: {https: true, httpsKey: 'b.key'}})).toThrow(/belong together/);
});

test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('%s is reached from here only', host => {
	expect(() => refuseExposure(read({flags: {host}}))).not.toThrow();
});

test.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org', ''])('listening on %j needs a token, or a word', host => {
	const flags = {host};
	expect(() => refuseExposure(read({flags}))).toThrow(expect.objectContaining({code: 'unavailable'}));
	expect(() => refuseExposure(read({flags: {...flags, token: 't'}}))).not.toThrow();
	expect(() => refuseExposure(read({flags: {...flags, auth: 'none'}}))).not.toThrow();
});
