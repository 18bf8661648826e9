import {writeFileSync} from 'node:fs';
import type {Server} from 'node:net';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {formatFindings, worstOf} from '../../source/commands/doctor-format.ts';
import type {Check} from '../../source/doctor/check.ts';
import {findAll, note, ok, problem, warning} from '../../source/doctor/check.ts';
import {nodeVersion} from '../../source/doctor/node-version.ts';
import {port} from '../../source/doctor/port.ts';
import {rightsFor, stateDirectory, stateSpace} from '../../source/doctor/state-directory.ts';
import {ByoaiError} from '../../source/model/error.ts';
import {defaultLimits} from '../../source/model/limits.ts';
import {doctorPlace, findings} from '../helpers/doctor-place.ts';
import {serve} from '../helpers/serve.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

describe('checks', () => {
	const check = (name: string, find: Check['find']): Check => ({name, find});

	test('run side by side; their findings come in the order of the checks', async () => {
		const second = Promise.withResolvers<void>();
		const found = await findAll(
			[
				check('first', async () => {
					await second.promise; // so it cannot have been waited for
					return [ok('a'), note('b', 'c')];
				}),
				check('second', async () => {
					second.resolve();
					return [];
				}),
				check('third', async () => [ok('d')]),
			],
			doctorPlace(),
		);
		expect(found).toEqual([
			{check: 'first', status: 'ok', says: 'a'},
			{check: 'first', status: 'note', says: 'b', mend: 'c'},
			{check: 'third', status: 'ok', says: 'd'},
		]);
	});

	test('one that does not end, cannot, or breaks is a problem in words, and no other is the worse for it', async () => {
		const found = await findAll(
			[
				check('silent', () => new Promise(() => undefined)),
				check('refused', () => Promise.reject(new ByoaiError('unavailable', 'The disk is gone.'))),
				check('broken', () => Promise.reject(new TypeError('x is not a function'))),
				check('fine', async () => [ok('fine')]),
			],
			doctorPlace({config: {limits: {...defaultLimits, doctor_milliseconds: 100}}}),
		);
		expect(found.map(({status, says}) => `${status}: ${says}`)).toEqual([
			'problem: There was no answer within 0.1 s.',
			'problem: The disk is gone.',
			'problem: This check broke, which is a bug: x is not a function',
			'ok: fine',
		]);
	});
});

test('findings for people have a mark, a word and what helps; what is left over is a table', () => {
	const leftover = {name: 'byoai-1-a', id: 'x', createdAt: 0, status: 'Up 2 minutes\u001b[2J'};
	const all = [
		{check: 'node', ...ok('Node.')},
		{check: 'port', ...warning('Taken.', 'another')},
		{check: 'leftovers', ...problem('One.', 'clean'), leftovers: [leftover, {...leftover, name: 'b', directory: '/gone'}]},
	];
	expect(formatFindings(all, {colour: false, unicode: true, now: 120_000})).toBe(`✔ ok       node: Node.
! warning  port: Taken.
           mend: another
✖ problem  leftovers: One.
           byoai-1-a  made 2 min ago  Up 2 minutes
           b          made 2 min ago  Up 2 minutes  /gone
           mend: clean

1 problem, 1 warning
`);
	expect(worstOf(all)).toBe('problem');
	expect(formatFindings([{check: 'a', ...note('Hm.')}], {colour: false, unicode: false, now: 0})).toBe(
		'i note  a: Hm.\n\nNothing is wrong.\n',
	);
	expect(worstOf([])).toBe('ok');
	const wordy = [{check: 'port', ...warning('Port 5001 of 127.0.0.1 is taken by another.', 'end it, or choose `--port 5101`')}];
	expect(formatFindings(wordy, {colour: false, unicode: true, columns: 44, now: 0})).toBe(`! warning  port: Port 5001 of 127.0.0.1 is
           taken by another.
           mend: end it, or choose
                 \`--port 5101\`

1 warning
`);
});

test('a Node that is too old is a problem', async () => {
	expect(await findings(nodeVersion)).toMatchObject([{status: 'ok'}]);
	const node = {version: 'v22.9.0', path: '/bin/node', neededMajor: 24};
	expect(await findings(nodeVersion, {node})).toMatchObject([
		{status: 'problem', says: 'Node v22.9.0 (/bin/node) is too old.', mend: expect.stringContaining('Node 24 or newer')},
	]);
});

describe('the state directory', () => {
	test('that is not there yet is fine, and is not made', async () => {
		const above = temporaryDirectory();
		const config = {stateDir: join(above, 'a/b')};
		expect(await findings(stateDirectory, {config})).toEqual([
			ok(`The state directory ${above}/a/b is not there yet: the first run makes it.`),
		]);
		expect(await findings(stateSpace, {config})).toMatchObject([{status: 'ok'}]);
		expect(await findings(stateDirectory, {config: {stateDir: above}})).toEqual([ok(`The state directory ${above} has no state yet.`)]);
	});

	test('that is a file, or below one, cannot be', async () => {
		const file = join(temporaryDirectory(), 'file');
		writeFileSync(file, '');
		for (const stateDir of [file, join(file, 'state')]) {
			expect(await findings(stateDirectory, {config: {stateDir}})).toMatchObject([
				{status: 'problem', says: expect.stringContaining(`${file} is a file`), mend: expect.stringContaining('BYOAI_STATE_DIR')},
			]);
		}
	});

	test('is given to this user, and nothing above it', () => {
		expect(rightsFor('/srv/state', '/srv/state')).toBe('`sudo chown -R "$USER" /srv/state`');
		expect(rightsFor('/srv/byoai/state', '/srv')).toBe('`sudo mkdir -p /srv/byoai/state && sudo chown "$USER" /srv/byoai/state`');
		expect(rightsFor("/none/it's", '/')).toBe("`sudo mkdir -p '/none/it'\\''s' && sudo chown \"$USER\" '/none/it'\\''s'`");
	});

	test('tells of its orchestrator, and of a journal that cannot be read', async () => {
		const holder = {agents: async () => [], isActive: async () => false};
		const says = async (given: Parameters<typeof findings>[1]) => (await findings(stateDirectory, given))[0];
		expect(await says({holder: async () => ({...holder, url: 'http://127.0.0.1:9'})})).toMatchObject({
			status: 'ok',
			says: expect.stringContaining('has an orchestrator, which answers at http://127.0.0.1:9'),
		});
		expect(await says({holder: async () => holder})).toMatchObject({status: 'ok', says: expect.stringContaining('no orchestrator has it')});
		const damaged = () => Promise.reject(new ByoaiError('unavailable', 'byoai.db is not a database.'));
		expect(await says({holder: damaged})).toEqual(problem('byoai.db is not a database.'));
	});

	test('little room is a warning', async () => {
		const limits = {...defaultLimits, low_disk_bytes: Number.MAX_SAFE_INTEGER};
		expect(await findings(stateSpace, {config: {limits}})).toMatchObject([
			{
				status: 'warning',
				says: expect.stringMatching(/^[\d.]+ [MGT]iB are free for state/),
				mend: expect.stringContaining('low_disk_bytes'),
			},
		]);
	});
});

describe('the port', () => {
	async function listening(): Promise<{server: Server; number: number}> {
		const server = createServer();
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
		onTestFinished(() => void server.close());
		const address = server.address();
		return {server, number: typeof address === 'object' && address !== null ? address.port : 0};
	}

	test('that is free, or any', async () => {
		const {server, number} = await listening();
		await new Promise(resolve => server.close(resolve));
		expect(await findings(port, {config: {port: number}})).toEqual([ok(`Port ${number} of 127.0.0.1 is free.`)]);
		expect(await findings(port)).toEqual([ok('Any free port is taken.')]);
	});

	test('that somebody else has: who it is; a problem where somebody asked for that port', async () => {
		const {number} = await listening();
		const who = process.platform === 'linux' ? `.+ \\(process ${process.pid}\\) listens there` : 'listens there';
		const says = expect.stringMatching(new RegExp(`^Port ${number} of 127.0.0.1 is taken: ${who}`));
		expect(await findings(port, {config: {port: number}})).toMatchObject([{status: 'warning', says}]);
		expect(await findings(port, {config: {port: number, portIsExplicit: true}})).toMatchObject([{status: 'problem', says}]);
	});

	test('of another orchestrator, and of the own one', async () => {
		const {url} = await serve((_, response) => response.end('{"status": "ok", "protocol": 1, "version": "9.8.7"}'));
		const number = Number(URL.parse(url)?.port);
		expect(await findings(port, {config: {port: number}})).toMatchObject([
			{status: 'note', says: expect.stringContaining('(byoai 9.8.7)')},
		]);
		expect(await findings(port, {config: {port: number, portIsExplicit: true}})).toMatchObject([{status: 'problem'}]);
		const holder = async () => ({url, agents: async () => [], isActive: async () => false});
		expect(await findings(port, {config: {port: number}, holder})).toMatchObject([
			{status: 'ok', says: expect.stringContaining('orchestrator')},
		]);
	});

	test('on an address that this host does not have', async () => {
		expect(await findings(port, {config: {host: '192.0.2.1', port: 5001}})).toMatchObject([
			{status: 'problem', mend: 'correct --host (BYOAI_HOST)'},
		]);
	});
});
