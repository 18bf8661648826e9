import {once} from 'node:events';
import {mkdirSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {commands, laterCommands} from '../../source/commands/registry.ts';
import {version} from '../../source/version.ts';
import {runProgram} from '../helpers/program.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const good = `tasks:
  - {name: build, command: make}
  - {name: test, command: make test, depends_on: [build]}
agents: []
`;
const bad = `tasks:
  - {name: build, comand: make}
  - {name: test, command: x, depends_on: [biuld]}
`;

function workflowFile(text: string, name = 'flow.yml'): string {
	const path = join(temporaryDirectory(), name);
	writeFileSync(path, text);
	return path;
}

describe('help and version', () => {
	test.each([['--version'], ['ps', '--version'], ['--version', '--nonsense']])('%j', async (...argv) => {
		expect(await runProgram(argv)).toEqual({status: 0, stdout: `${version}\n`, stderr: ''});
	});

	test('the help names every command', async () => {
		const {status, stdout} = await runProgram(['--help']);
		expect(status).toBe(0);
		for (const {name, hidden} of commands) if (hidden !== true) expect(stdout).toMatch(new RegExp(`^ +${name}`, 'm'));
	});

	test('`byoai help` is another way to it, and -v to the version', async () => {
		for (const [asked, same] of [
			[['help'], ['--help']],
			[
				['help', 'logs'],
				['logs', '--help'],
			],
			[['-v'], ['--version']],
		] as const)
			expect(await runProgram(asked)).toEqual(await runProgram(same));
	});

	test.each(commands.map(({name}) => name))('byoai %s -h shows its examples, and they name it', async name => {
		const {status, stdout} = await runProgram(name === '' ? ['-h'] : [name, '-h']);
		expect(status).toBe(0);
		const [, examples = ''] = stdout.split('Examples:\n');
		expect(examples).toContain(['byoai', name].join(' ').trim());
	});
});

describe('wrong usage is status 2, on standard error', () => {
	test.each([
		[['rnu'], /unknown command "rnu"; did you mean `run`\?/],
		[['nonsense'], /unknown command "nonsense"\. See: byoai --help/],
		[['flow.yml'], /did you mean `byoai run flow.yml`\?/],
		[['--wrkflow', 'x'], /unknown option --wrkflow; did you mean `--workflow`\?/],
		[['--no-tiu', 'flow.yml'], /unknown option --no-tiu; did you mean `--no-tui`\?/],
		[['version'], /did you mean `byoai --version`\?/],
		[['help', 'lgos'], /unknown command "lgos"; did you mean `logs`\?/],
		[['ps', '--dry-run'], /no option --dry-run/],
		[['run', 'x', '--port', 'high'], /--port/],
		[['graph', 'x.yml', '--format', 'tre'], /tree, mermaid, dot, json, not tre; did you mean `tree`\?/],
		[['agent-manager-mode', '--on-stop', 'kill'], /--on-stop must be keep or cancel/],
		[['logs', '--attempt', '2'], /--attempt is for one task: byoai logs latest <task> --attempt 2/],
		[['logs', 'latest', 'x', '--attempt', '0'], /--attempt must be a number from 1 on, not "0"/],
		[['logs', '--since', 'yesterday'], /--since must be a duration such as 10m, or a time such as .*, not "yesterday"/],
		[['ps', '--status', 'fialed'], /--status must be one of pending, .*; did you mean `failed`\?/],
		[['ps', '--limit', 'all'], /--limit must be a number from 1 on/],
		[['validate', ''], /an operand is empty, where byoai validate takes <file>\.\.\./],
		[['retry'], /byoai retry needs <run>/],
		[['retry', 'latest', '--failed', '--only', 'x'], /--failed and --only cannot be combined/],
		[['deploy'], /byoai deploy needs a file with the keys of an agent, or --name/],
		[['deploy', 'a.yml', '--slots', '2'], /described by a\.yml or by flags, not by both: --slots/],
		[['deploy', '--name', 'a', '--env', 'b'], /--env must be name=value, not "b"/],
		[['deploy', '--name', 'a b', '--slots', 'x'], /`name` must be .*\n`slots` must be .*\n2 problems\n/],
		[['deploy', 'none.yml'], /no file "none\.yml"/],
		[['completion', 'csh'], /completion is there for bash, zsh, fish, not for "csh"/],
	] as const)('%j', async (argv, message) => {
		const {status, stdout, stderr} = await runProgram(argv);
		expect({status, stdout}).toEqual({status: 2, stdout: ''});
		expect(stderr).toMatch(message);
	});

	test.each(laterCommands)('%s is known, but of a later version', async name => {
		const {status, stderr} = await runProgram([name, 'x']);
		expect(status).toBe(2);
		expect(stderr).toBe(`byoai: byoai ${name} is not in this version yet\n`);
	});
});

test('a certificate without its key is wrong usage, one that is not there something that is missing', async () => {
	const state = ['--state-dir', temporaryDirectory()];
	expect(await runProgram(['--https-cert', 'a.pem'])).toMatchObject({status: 2, stderr: expect.stringContaining('belong together')});
	const missing = await runProgram([...state, '--https-cert', '/none/a.pem', '--https-key', '/none/a.key']);
	expect(missing).toMatchObject({
		status: 3,
		stderr: expect.stringContaining('the certificate /none/a.pem cannot be read: it is not there\n'),
	});
});

test('listening for everybody without a token is refused before anything is opened', async () => {
	const stateDir = join(temporaryDirectory(), 'state');
	const ended = await runProgram(['--host', '0.0.0.0', '--state-dir', stateDir]);
	expect(ended).toMatchObject({status: 3, stdout: '', stderr: expect.stringMatching(/without a token .* BYOAI_TOKEN .* --auth none/)});
});

test.each([
	['192.0.2.1', 'this host has no such address'],
	['no-such-host.invalid', /(?:no host of that name is known|that name cannot be looked up now)/],
])('an address to listen on that is none of this host, %s, is told in words', async (host, words) => {
	const {status, stderr} = await runProgram(['--host', host, '--token', 'sesame', '--port', '0', '--state-dir', temporaryDirectory()]);
	expect(status).toBe(3);
	expect(stderr).toMatch(words);
	expect(stderr).not.toMatch(/E[A-Z]{4,}|getaddrinfo/);
});

test('a wrong settings file is told with its lines', async () => {
	const home = temporaryDirectory();
	mkdirSync(join(home, 'byoai'));
	writeFileSync(join(home, 'byoai/config.yml'), 'hots: x\n');
	const {status, stderr} = await runProgram(['validate', 'x.yml'], {XDG_CONFIG_HOME: home});
	expect(status).toBe(2);
	expect(stderr).toContain(`${home}/byoai/config.yml:1:1: \`hots\` is not a known setting`);
});

describe('validate', () => {
	test('a good file', async () => {
		const file = workflowFile(good);
		expect(await runProgram(['validate', file])).toEqual({status: 0, stdout: `${file}: ok (2 tasks, 0 agents)\n`, stderr: ''});
	});

	test('of very many problems the first ones are shown, and how many there are', async () => {
		const file = workflowFile(`tasks: [${Array.from({length: 120}, (_, index) => `{name: t${index}, comand: x}`).join(', ')}]\n`);
		const {status, stderr} = await runProgram(['validate', file]);
		expect(status).toBe(2);
		expect(stderr.match(/unknown key/g)).toHaveLength(100);
		expect(stderr).toMatch(/\n120 problems; the first 100 are shown \(limit shown_problems\)\n$/);
		expect(JSON.parse((await runProgram(['validate', '--json', file])).stdout)[0].problems).toHaveLength(120);
	});

	test('all problems of all files, also of one that is not there; the good ones are told too', async () => {
		const [fine, wrong] = [workflowFile(good), workflowFile(bad)];
		const {status, stdout, stderr} = await runProgram(['validate', 'none.yml', wrong, fine]);
		expect({status, stdout}).toEqual({status: 2, stdout: `${fine}: ok (2 tasks, 0 agents)\n`});
		expect(stderr).toContain('no workflow file "none.yml"');
		expect(stderr).toContain(`${wrong}:2:19: `);
		expect(stderr).toContain('did you mean `build`?');
		expect(stderr).toMatch(/\d problems\n$/);
	});

	test('a file in another encoding is shown where that begins', async () => {
		const file = workflowFile('');
		writeFileSync(file, Buffer.from('tasks:\n  - command: "caf\xe9"\n', 'latin1'));
		const {status, stderr} = await runProgram(['validate', file]);
		expect(status).toBe(2);
		expect(stderr).toBe(`${file}:2:18: a byte that is not UTF-8; save the file in UTF-8\n    - command: "caf\ufffd"\n${' '.repeat(19)}^\n`);
	});

	test('what no driver could do is a problem of the file, here and of a dry run; what no task asks for is not', async () => {
		const file = workflowFile(`agents:
  - {name: a, type: docker, network: host}
  - {name: b, type: kubernetes, resources: {limits: {pids: 5}}}
  - {name: c, type: docker, network: host}
tasks:
  - {name: x, command: x, agent: a}
  - {name: y, command: x, agent: b, image: busybox}
`);
		for (const argv of [
			['validate', file],
			['run', file, '--dry-run'],
		]) {
			const {status, stdout, stderr} = await runProgram(argv);
			expect({status, stdout}).toEqual({status: 2, stdout: ''});
			expect(stderr).toMatch(/:2:38: agent a: `network`: host is not possible for an agent/);
			expect(stderr).toMatch(/:7:44: task y: `resources.limits.pids`: /);
			expect(stderr).toMatch(/\n2 problems\n$/);
		}
	});

	test('as JSON', async () => {
		const file = workflowFile(bad);
		const {status, stdout, stderr} = await runProgram(['validate', file, '--json']);
		expect({status, stderr}).toEqual({status: 2, stderr: ''});
		expect(JSON.parse(stdout)).toMatchObject([{file, valid: false, problems: [{file, line: 2}, {}]}]);
	});

	test('notices are for people, below warnings they are left out', async () => {
		const file = workflowFile('tasks: [{name: a, command: x, agent: elsewhere}]\n');
		expect(await runProgram(['validate', file])).toMatchObject({status: 0, stderr: expect.stringContaining('note: agent `elsewhere`')});
		expect(await runProgram(['validate', file, '--log-level', 'error'])).toMatchObject({status: 0, stderr: ''});
	});
});

describe('a workflow that cannot run', () => {
	test('a file that is not there names both places', async () => {
		const WORKFLOW_DIR = temporaryDirectory();
		const {status, stderr} = await runProgram(['run', 'none.yml'], {WORKFLOW_DIR});
		expect(status).toBe(2);
		expect(stderr).toContain(`neither ${join(process.cwd(), 'none.yml')} nor ${join(WORKFLOW_DIR, 'none.yml')} (WORKFLOW_DIR) is there`);
	});

	test('-f tells all problems and opens nothing', async () => {
		const file = workflowFile(bad);
		const {status, stdout, stderr} = await runProgram(['-f', file, '--state-dir', '/dev/null/none']);
		expect({status, stdout}).toEqual({status: 2, stdout: ''});
		expect(stderr).toContain(`${file}:2:`);
	});

	test('a directory', async () => {
		const {status, stderr} = await runProgram(['run', temporaryDirectory()]);
		expect({status, stderr}).toEqual({status: 2, stderr: expect.stringContaining('it is a directory')});
	});

	test('params are checked', async () => {
		const {status, stderr} = await runProgram(['run', workflowFile(good), '--param', 'a=1']);
		expect({status, stderr}).toEqual({status: 2, stderr: expect.stringContaining('unknown param `a`')});
	});
});

test('WORKFLOW_DIR is the second place, and --dry-run prints the plan', async () => {
	const WORKFLOW_DIR = temporaryDirectory();
	writeFileSync(join(WORKFLOW_DIR, 'only-there.yml'), good);
	const {status, stdout} = await runProgram(['run', 'only-there.yml', '--dry-run'], {WORKFLOW_DIR});
	expect(status).toBe(0);
	expect(stdout).toMatch(/2 tasks in 2 waves\n +1 +build +this host \(local-agent\)\n +2 +test/);
	const json = await runProgram(['run', 'only-there.yml', '--dry-run', '--json'], {WORKFLOW_DIR});
	expect(JSON.parse(json.stdout)).toMatchObject({waves: [[{task: 'build'}], [{task: 'test'}]]});
});

test('graph and schema print to standard output', async () => {
	const file = workflowFile(good);
	expect((await runProgram(['graph', file])).stdout).toBe('flow\n└─ build\n   └─ test\n');
	expect((await runProgram(['graph', file], {LC_ALL: 'C'})).stdout).toBe('flow\n`- build\n   `- test\n');
	expect((await runProgram(['graph', file, '--format', 'mermaid'])).stdout).toContain('t0 --> t1');
	expect(JSON.parse((await runProgram(['schema'])).stdout)).toHaveProperty('title', 'BYOAI workflow');
});

describe('an orchestrator that is not there', () => {
	test('a command tells every place where it looked, and what came of it', async () => {
		const state = join(temporaryDirectory(), 'none');
		const {status, stderr} = await runProgram(['agents', '--state-dir', state]);
		expect(status).toBe(3);
		expect(stderr).toBe(
			[
				'byoai: no orchestrator runs where byoai looked:',
				`  the state directory ${state}: is not there`,
				'  http://127.0.0.1:5001: not tried, as that state directory was asked for',
				'Start one with `byoai agent-manager-mode`, or name one with --url (ORCHESTRATOR_URL).\n',
			].join('\n'),
		);
	});

	test('one that was killed left its endpoint', async () => {
		const [XDG_STATE_HOME, port] = [temporaryDirectory(), String(await closedPort())];
		mkdirSync(join(XDG_STATE_HOME, 'byoai'));
		writeFileSync(join(XDG_STATE_HOME, 'byoai/endpoint'), JSON.stringify({url: `http://127.0.0.1:${port}`, epoch: 'x'}));
		const {stderr} = await runProgram(['drain', 'a'], {XDG_STATE_HOME, AGENT_MANAGER_API_PORT: port});
		expect(stderr).toContain(`byoai: its orchestrator does not answer at http://127.0.0.1:${port}: connect ECONNREFUSED`);
		expect(stderr).toContain(`  http://127.0.0.1:${port}: connect ECONNREFUSED`);
	});

	test('a URL is tried alone; the message tells who named it', async () => {
		const url = `http://127.0.0.1:${await closedPort()}`;
		const byFlag = await runProgram(['ps', '--url', url]);
		expect(byFlag).toMatchObject({status: 3, stderr: expect.stringMatching(new RegExp(`answers at ${url} .*ECONNREFUSED`))});
		const byVariable = await runProgram(['ps'], {ORCHESTRATOR_URL: url});
		expect(byVariable).toMatchObject({status: 3, stderr: expect.stringContaining('ORCHESTRATOR_URL says so; `--url` names another')});
	});
});

/** A port of this host on which nobody listens. */
async function closedPort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	server.close();
	await once(server, 'close');
	return typeof address === 'object' && address !== null ? address.port : 1;
}
