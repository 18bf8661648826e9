import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import type {StateDirectory} from '../../source/store/state-directory.ts';
import {openStateDirectory, readEndpoint} from '../../source/store/state-directory.ts';
import {deriveToken} from '../../source/store/tokens.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const childProgram = join(import.meta.dirname, 'store-child.ts');

function open(path: string): StateDirectory {
	return openStateDirectory(path, '1.2.3');
}

/** Another process that has the directory open, and the id of its own child, which outlives it. */
async function owner(path: string): Promise<{kill: () => Promise<void>; pid: number | undefined; grandchild: number}> {
	const child = spawn(process.execPath, [childProgram, 'own', path], {stdio: ['ignore', 'pipe', 'inherit']});
	const ended = once(child, 'exit');
	const kill = async () => {
		child.kill('SIGKILL');
		await ended;
	};
	onTestFinished(kill);
	const [line] = await once(child.stdout, 'data');
	const grandchild = Number(line);
	onTestFinished(() => {
		process.kill(grandchild, 'SIGKILL');
	});
	return {kill, pid: child.pid, grandchild};
}

test('is made for its owner alone, with all that belongs in it', () => {
	const path = join(temporaryDirectory(), 'some', 'where');
	const directory = open(path);
	expect(directory).toMatchObject({path, database: join(path, 'byoai.db'), logs: join(path, 'logs'), instances: join(path, 'instances')});
	const mode = (name: string) => statSync(join(path, name)).mode & 0o777;
	expect(['', 'logs', 'instances'].map(mode)).toEqual([0o700, 0o700, 0o700]);
	expect(mode('key')).toBe(0o600);
	directory.close();
	expect(readdirSync(path).sort()).toEqual(['id', 'instances', 'key', 'lock', 'logs']);
});

test('keeps its id and its key', () => {
	const path = temporaryDirectory();
	const first = open(path);
	first.close();
	const second = open(path);
	onTestFinished(() => second.close());
	expect(second.id).toBe(first.id);
	expect(second.key).toEqual(first.key);
	expect(first.id).toMatch(/^[0-9a-f]{16}$/);
	expect(first.key).toHaveLength(32);
	const other = open(temporaryDirectory());
	onTestFinished(() => other.close());
	expect(other.id).not.toBe(first.id);
	expect(other.key).not.toEqual(first.key);
});

test('is open once at a time, also in one process', () => {
	const path = temporaryDirectory();
	const first = open(path);
	const facts = `process ${process.pid} on ${hostname()}`;
	expect(() => open(path)).toThrow(expect.objectContaining({code: 'conflict', message: expect.stringContaining(facts)}));
	expect(() => open(path)).toThrow(expect.objectContaining({code: 'conflict'}));
	first.close();
	open(path).close();
});

test('a process that has it is named to others; killed, it leaves the lock free, though its child lives on', async () => {
	const path = temporaryDirectory();
	const other = await owner(path);
	const named = {
		code: 'conflict',
		message: expect.stringMatching(new RegExp(`${path} is in use by process ${other.pid} on .* \\(byoai 1\\.2\\.3\\)`)),
	};
	expect(() => open(path)).toThrow(expect.objectContaining(named));
	expect(readEndpoint(path)).toEqual({url: 'http://127.0.0.1:1'});
	await other.kill();
	expect(() => process.kill(other.grandchild, 0)).not.toThrow();
	const directory = open(path);
	onTestFinished(() => directory.close());
	// It was the dead owner's.
	expect(readEndpoint(path)).toBeUndefined();
});

test('tells clients where its orchestrator is', () => {
	const path = temporaryDirectory();
	expect(readEndpoint(path)).toBeUndefined();
	expect(readEndpoint(join(path, 'none'))).toBeUndefined();
	const directory = open(path);
	onTestFinished(() => directory.close());
	const endpoint = {url: 'https://127.0.0.1:5001', certificate: 'abc'};
	directory.writeEndpoint({url: 'http://127.0.0.1:1'});
	directory.writeEndpoint(endpoint);
	expect(readEndpoint(path)).toEqual(endpoint);
	expect(statSync(join(path, 'endpoint')).mode & 0o777).toBe(0o600);
	directory.removeEndpoint();
	directory.removeEndpoint();
	expect(readEndpoint(path)).toBeUndefined();
});

test.each(['', '{', 'null', '7', '[]', '{"url": 7}'])('an endpoint file that holds %j is as good as none', text => {
	const path = temporaryDirectory();
	writeFileSync(join(path, 'endpoint'), text);
	expect(readEndpoint(path)).toBeUndefined();
});

test('an owner file that says nothing changes nothing but the message', () => {
	const path = temporaryDirectory();
	const first = open(path);
	onTestFinished(() => first.close());
	writeFileSync(join(path, 'owner'), 'x');
	expect(() => open(path)).toThrow(expect.objectContaining({code: 'conflict', message: expect.stringContaining(`${path} is in use. `)}));
});

test.each(['key', 'id'])('a damaged %s is never replaced, and the lock is free afterwards', name => {
	const path = temporaryDirectory();
	open(path).close();
	writeFileSync(join(path, name), 'short');
	for (const _ of ['first', 'again']) {
		expect(() => open(path)).toThrow(expect.objectContaining({code: 'unavailable', message: expect.stringContaining(join(path, name))}));
	}
	expect(readFileSync(join(path, name), 'utf8')).toBe('short');
});

test.each(['file', 'file/below'])('a path that is %s, which cannot be a directory, is explained', name => {
	const path = temporaryDirectory();
	writeFileSync(join(path, 'file'), '');
	expect(() => open(join(path, name))).toThrow(
		expect.objectContaining({code: 'unavailable', message: expect.stringContaining('BYOAI_STATE_DIR')}),
	);
});

test('a directory that may not be written is explained', context => {
	if (process.getuid?.() === 0) return context.skip('root may write everywhere');
	const path = temporaryDirectory();
	chmodSync(path, 0o500);
	onTestFinished(() => chmodSync(path, 0o700));
	expect(() => open(path)).toThrow(expect.objectContaining({code: 'unavailable', message: expect.stringContaining('BYOAI_STATE_DIR')}));
	expect(existsSync(join(path, 'key'))).toBe(false);
});

test('tokens follow from key, purpose and name', () => {
	const key = new Uint8Array(32).fill(1);
	const token = deriveToken(key, 'instance', 'builder');
	expect(token).toBe('475fb0116d6108254f8737031fafd5b9e1512de6e69ed70bcd527895b9232ea6');
	expect(deriveToken(key, 'instance', 'builder')).toBe(token);
	const others = [
		deriveToken(key, 'instance', 'builder2'),
		deriveToken(key, 'client', 'builder'),
		deriveToken(new Uint8Array(32), 'instance', 'builder'),
	];
	expect(new Set([token, ...others]).size).toBe(4);
	expect(deriveToken(key, 'a', 'bc')).not.toBe(deriveToken(key, 'ab', 'c'));
});
