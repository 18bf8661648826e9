import {spawnSync} from 'node:child_process';
import {closeSync, existsSync, mkdirSync, openSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {CliPlace, program} from '../helpers/cli.ts';

/** Lines of output without the time before them. */
function linesOf(text: string): string[] {
	return text.split('\n').map(line => line.replace(/^\d\d:\d\d:\d\d {2}/, ''));
}

test('the default workflow: short, and nothing on standard error', async () => {
	const {status, stdout, stderr} = await new CliPlace().run([]);
	expect(stderr).toBe('');
	expect(linesOf(stdout)).toEqual([
		expect.stringMatching(/^run r\w+: default$/),
		'sample-task  Running sample task!',
		expect.stringMatching(/^✔ run r\w+ succeeded in [\d.]+ m?s$/),
		'',
	]);
	expect(status).toBe(0);
});

test('a run that fails: its tasks, last lines, and status 1; afterwards its logs are still there', async () => {
	const place = new CliPlace();
	place.file(
		'flow.yml',
		`fail_fast: false
tasks:
  - {name: build, command: "echo made"}
  - {name: test, command: "echo attempt $BYOAI_ATTEMPT; printf 'no\\\\033[2Jclear\\\\n'; exit 7", retry: {limit: 1, delay: 100ms}, depends_on: [build]}
  - {name: deploy, command: "echo never", depends_on: [test]}
`,
	);
	const {status, stdout} = await place.run(['run', 'flow.yml']);
	expect(status).toBe(1);
	const lines = linesOf(stdout);
	expect(lines.slice(1, 9)).toEqual([
		'build   made',
		expect.stringMatching(/^build {3}✔ succeeded in /),
		'test    attempt 1',
		'test    noclear',
		expect.stringMatching(/^test {4}↻ (tries again( in \d+ ms)? \(attempt 1 failed: exit 7\)|attempt 2: the one before failed: exit 7)$/),
		'test    attempt 2',
		'test    noclear',
		expect.stringMatching(/^test {4}✖ failed after .*: exit 7$/),
	]);
	expect(lines.slice(-13)).toEqual([
		'',
		'✖ test: exit 7',
		'    attempt 2',
		'    noclear',
		'',
		'  TASK    STATUS       ATTEMPTS  AGENT        TIME',
		expect.stringMatching(/^ {2}build {3}✔ succeeded {2}1 {9}local-agent {2}\d/),
		expect.stringMatching(/^ {2}test {4}✖ failed {5}2 {9}local-agent {2}.* exit 7$/),
		expect.stringMatching(/^ {2}deploy {2}⤼ skipped .*test/),
		'',
		expect.stringMatching(/^✖ run r\w+ failed after .*: 1 succeeded, 1 failed, 1 skipped$/),
		expect.stringMatching(/^ {2}more: byoai logs r\w+ test$/),
		'',
	]);

	expect((await place.run(['logs', 'latest', 'test'])).stdout).toBe('attempt 2\nno\u001b[2Jclear\n');
	expect((await place.run(['logs', 'latest', 'test', '--attempt', '1'])).stdout).toBe('attempt 1\nno\u001b[2Jclear\n');
	const whole = await place.run(['logs']);
	expect(whole).toMatchObject({status: 0, stderr: ''});
	expect(linesOf(whole.stdout).slice(0, 3)).toEqual(['build   made', 'test    attempt 1', 'test    noclear']);
	const listed = await place.run(['ps', '--json']);
	expect(JSON.parse(listed.stdout)).toMatchObject([{workflow: 'flow', status: 'failed', counts: {succeeded: 1, failed: 1, skipped: 1}}]);
	expect(await place.run(['logs', 'latest', 'nothing'])).toMatchObject({status: 2, stderr: expect.stringContaining('has no task nothing')});
	expect(await place.run(['logs', 'rx'])).toMatchObject({status: 2, stdout: ''});
});

test('--json: only JSON lines, from the snapshot to the end of the run', async () => {
	const place = new CliPlace();
	place.file('flow.yml', 'params: [{name: who}]\ntasks: [{name: greet, command: "echo hello ${{ params.who }}"}]\n');
	const {status, stdout, stderr} = await place.run(['run', 'flow.yml', '--json', '--param', 'who=all']);
	expect({status, stderr}).toEqual({status: 0, stderr: ''});
	const values = stdout
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line));
	expect(new Set(values.map(({type}) => type))).toEqual(new Set(['snapshot', 'change', 'line']));
	expect(values.filter(({type}) => type === 'line')).toMatchObject([{name: 'greet', text: 'hello all', stream: 'stdout', attempt: 1}]);
	expect(values.flatMap(({runs}) => runs ?? []).at(-1)).toMatchObject({status: 'succeeded'});
});

test('task output is passed on byte for byte, and colours where they are wanted', async () => {
	const place = new CliPlace();
	place.file('flow.yml', `tasks: [{name: raw, command: "printf '\\\\033[31mred\\\\033[0m \\\\377\\\\000end'"}]\n`);
	const {stdout} = await place.run(['run', 'flow.yml'], {FORCE_COLOR: '1'});
	expect(stdout).toContain('\u001b[31mred\u001b[0m');
	const raw = place.start(['logs', 'latest', 'raw']);
	const chunks: Buffer[] = [];
	raw.process.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
	await raw.ended;
	expect(Buffer.concat(chunks)).toEqual(Buffer.from('\u001b[31mred\u001b[0m \u00ff\u0000end', 'latin1'));
});

test('everything is there when the reader is slow: nothing is lost at the end', async () => {
	const place = new CliPlace();
	place.file('flow.yml', 'tasks: [{name: many, command: "seq 40000"}]\n');
	const cli = place.start(['run', 'flow.yml']);
	cli.process.stdout?.pause();
	await expect.poll(() => cli.process.stdout?.readableLength ?? 0).toBeGreaterThan(0);
	cli.process.stdout?.resume();
	const {status, stdout} = await cli.ended;
	expect(status).toBe(0);
	const numbers = linesOf(stdout).flatMap(line => /^many {2}(\d+)$/.exec(line)?.[1] ?? []);
	expect(numbers).toEqual(Array.from({length: 40_000}, (_, index) => String(index + 1)));
	expect(stdout).toMatch(/✔ run r\w+ succeeded in .*\n$/);
});

describe('what is not there', () => {
	test.runIf(existsSync('/dev/full'))('room for the output: status 3', async () => {
		const place = new CliPlace();
		const full = openSync('/dev/full', 'w');
		onTestFinished(() => closeSync(full));
		expect(await place.run(['schema'], {}, full)).toMatchObject({
			status: 3,
			stderr: expect.stringMatching(/^byoai: standard output cannot be written: ENOSPC/),
		});
	});

	test('the current directory: status 3', async () => {
		const place = new CliPlace();
		const gone = join(place.directory, 'gone');
		mkdirSync(gone);
		const script = 'cd "$1" && rmdir "$1" && exec "$2" "$3" ps';
		const child = spawnSync('sh', ['-c', script, 'sh', gone, process.execPath, program], {encoding: 'utf8'});
		expect(child).toMatchObject({
			status: 3,
			stdout: '',
			stderr: expect.stringMatching(/^byoai: the current directory is not there any more/),
		});
	});

	test('agents of a cluster that is not there: status 3, with what to do', async () => {
		const place = new CliPlace();
		place.file('flow.yml', 'tasks: [{name: a, command: x, agent: d}]\nagents: [{name: d, type: kubernetes}]\n');
		expect(await place.run(['run', 'flow.yml'])).toMatchObject({
			status: 3,
			stdout: '',
			stderr: expect.stringContaining('No Kubernetes cluster'),
		});
	});

	test('a state directory that cannot be: status 3, with what to do', async () => {
		const place = new CliPlace();
		const file = place.file('file', '');
		const {status, stderr} = await place.run(['--state-dir', `${file}/state`]);
		expect(status).toBe(3);
		expect(stderr).toMatch(/^byoai: .*state directory/);
	});

	test.runIf(existsSync('/proc/self'))('a file system that takes no directories: status 3 at once', async () => {
		const {status, stderr} = await new CliPlace().run(['--state-dir', '/proc/byoai/state']);
		expect({status, stderr}).toEqual({
			status: 3,
			stderr: expect.stringMatching(/^byoai: .*\/proc\/byoai\/state \(ENOENT\)\. No directory can be made there/),
		});
	});
});

test('why a task waits is told', async () => {
	const place = new CliPlace();
	place.file('flow.yml', 'agent_timeout: 4s\ntasks: [{name: far, command: x, agent: elsewhere}]\n');
	const {status, stdout, stderr} = await place.run(['run', 'flow.yml']);
	expect(status).toBe(1);
	expect(stderr).toContain('note: agent `elsewhere` is not declared here');
	expect(stdout).toMatch(/ … far waits: .*elsewhere/);
});

test.runIf(existsSync('/proc/self/cmdline'))('ps shows what it was started with, and no token', async () => {
	const place = new CliPlace();
	place.file('flow.yml', 'tasks: [{name: far, command: x, agent: elsewhere}]\n');
	const cli = place.start(['run', 'flow.yml', '--token', 'secret', '--port=0']);
	await cli.says(/ … far waits: /);
	const [shown] = readFileSync(`/proc/${cli.process.pid}/cmdline`, 'utf8').split('\0');
	expect(shown).toBe('byoai run flow.yml --token … --port=0');
});

test('where no orchestrator runs, retry opens one: what failed runs again, at the place of its file', async () => {
	const place = new CliPlace();
	place.file('flow.yml', 'tasks: [{name: a, command: echo once}, {name: b, command: "echo in $PWD; test -e mended", depends_on: [a]}]\n');
	expect(await place.run(['-f', 'flow.yml'])).toMatchObject({status: 1});
	expect(await place.run(['retry', 'latest', '-d'])).toMatchObject({status: 3, stderr: expect.stringContaining('no orchestrator runs')});
	place.file('mended', '');
	const {status, stdout, stderr} = await place.run(['retry', 'latest']);
	expect({status, stderr}).toEqual({status: 0, stderr: ''});
	expect(stdout).toContain(`b  in ${place.directory}\n`);
	expect(stdout).not.toContain('once');
	expect(JSON.parse((await place.run(['ps', '--json'])).stdout)).toMatchObject([
		{status: 'succeeded', retryOf: expect.any(String)},
		{status: 'failed'},
	]);
});
