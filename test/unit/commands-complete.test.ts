import {execFileSync} from 'node:child_process';
import {chmodSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {openOrchestra} from '../helpers/orchestra.ts';
import {runProgram} from '../helpers/program.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const WORKFLOW_DIR = '/dev/null/none';

/** The words that are offered for the last one of a line. */
async function offered(line: string, environment: NodeJS.ProcessEnv = {}): Promise<string[]> {
	const {status, stdout, stderr} = await runProgram(['__complete', '--', ...line.split(' ')], {WORKFLOW_DIR, ...environment});
	expect({status, stderr}).toEqual({status: 0, stderr: ''});
	return stdout.split('\n').flatMap(text => (text === '' ? [] : [text.replace(/\t.*/, '')]));
}

describe('what is known by itself', () => {
	test.each([
		['re', ['retry', 'remove']],
		['--sta', ['--state-dir']],
		['ps --sta', ['--status', '--state-dir']],
		['ps --status ', ['pending', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled']],
		['ps --status=f', ['--status=failed']],
		['ps -- --st', []],
		['graph x.yml --format m', ['mermaid']],
		['deploy --no-', ['--no-wait', '--no-color']],
		['run --no-t', ['--no-tui']],
		['completion ', ['bash', 'zsh', 'fish']],
		['completion bash ', []],
		['run ', [':files']],
		['-f ', [':files']],
		['run --param ', []],
		['deploy ', [':files']],
		['ps ', []],
		['nonsense ', []],
		['__', []],
	])('byoai %s', async (line, words) => {
		expect(await offered(line)).toEqual(words);
	});
});

test('words have their meanings', async () => {
	const {stdout} = await runProgram(['__complete', '--', 'canc']);
	expect(stdout).toBe('cancel\tcancel a run; final\n');
});

test('files of the workflow directory', async () => {
	const directory = temporaryDirectory();
	for (const name of ['build.yml', 'notes.txt', 'my flow.yml']) writeFileSync(join(directory, name), '');
	expect(await offered('run ', {WORKFLOW_DIR: directory})).toEqual(['build.yml', ':files']);
});

test('runs, their tasks, and agents of the orchestrator that the line names', async () => {
	const orchestra = openOrchestra();
	const {url, close} = await orchestra.server.listen({host: '127.0.0.1', port: 0});
	onTestFinished(close);
	await orchestra.play('far');
	const text = 'tasks: [{name: build, command: x}, {name: "it is", command: x}]\n';
	const reply = await orchestra.call('POST', '/v1/runs', {text, directory: '/'});
	const {id} = (await reply.json()) as {id: string};
	expect(await offered(`--url ${url} logs -f `)).toEqual(['latest', id]);
	expect(await offered(`logs --url=${url} ${id.slice(0, 5)}`)).toEqual([id]);
	expect(await offered(`logs --url ${url} ${id} `)).toEqual(['build']);
	expect(await offered(`logs ${id} x `)).toEqual([]);
	expect(await offered('retry latest --only b', {ORCHESTRATOR_URL: url})).toEqual(['build']);
	expect(await offered(`drain --url ${url} f`)).toEqual(['far']);
	expect(await offered(`logs --agent f`, {ORCHESTRATOR_URL: url})).toEqual(['far']);
	expect(await offered('drain --url http://127.0.0.1:1 ')).toEqual([]);
	expect(await offered('cancel --url nonsense ')).toEqual([]);
});

describe('the scripts', () => {
	/** A directory with a program `byoai` that says what it was asked, and then offers some words. */
	function standIn(): string {
		const directory = temporaryDirectory();
		const file = join(directory, 'byoai');
		writeFileSync(file, `#!/bin/sh\nshift\nprintf '[%s]' "$@" >>"$0.asked"\nprintf 'alpha\\tthe first: one\\nbeta\\n:files\\n'\n`);
		chmodSync(file, 0o755);
		writeFileSync(join(directory, 'beta file.yml'), '');
		return directory;
	}

	async function scriptOf(shell: string, directory: string): Promise<string> {
		const {status, stdout} = await runProgram(['completion', shell]);
		expect(status).toBe(0);
		const file = join(directory, `completion.${shell}`);
		writeFileSync(file, stdout);
		return file;
	}

	function perform(shell: string, argv: readonly string[], directory: string): string {
		const env = {PATH: `${directory}:${process.env.PATH}`, HOME: directory, LANG: 'C.UTF-8'};
		return execFileSync(shell, argv, {cwd: directory, env, encoding: 'utf8', timeout: 20_000});
	}

	function isThere(shell: string): boolean {
		try {
			execFileSync(shell, ['-c', 'exit 0'], {stdio: 'ignore'});
			return true;
		} catch {
			return false;
		}
	}

	test('bash puts the words together again that it takes apart at = and :', async context => {
		context.skip(!isThere('bash'), 'no bash here');
		const directory = standIn();
		const file = await scriptOf('bash', directory);
		const calls = `. '${file}'
offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _byoai byoai; printf '<%s>' "\${COMPREPLY[@]}"; echo; }
offer byoai be
offer byoai --url http : //x:1 ps --status = a
complete -p byoai
`;
		const said = perform('bash', ['--norc', '-c', calls], directory);
		expect(said).toBe('<alpha><beta><beta file.yml>\n<alpha><beta>\ncomplete -F _byoai byoai\n');
		expect(perform('cat', ['byoai.asked'], directory)).toBe('[--][be][--][--url][http://x:1][ps][--status=a]');
	});

	test('fish shows the words with their meanings', async context => {
		context.skip(!isThere('fish'), 'no fish here');
		const directory = standIn();
		const file = await scriptOf('fish', directory);
		const said = perform('fish', ['--no-config', '-c', `source '${file}'; complete -C 'byoai ps al'`], directory);
		expect(said).toBe('alpha\tthe first: one\n');
		expect(perform('cat', ['byoai.asked'], directory)).toBe('[--][ps][al]');
	});

	test('zsh takes it, sourced or as a file of its own', async context => {
		context.skip(!isThere('zsh'), 'no zsh here');
		const directory = standIn();
		const file = await scriptOf('zsh', directory);
		const calls = `autoload -U compinit; compinit -u -D; . '${file}'; echo "\${_comps[byoai]}"
_describe() { print -rl -- "\${(@P)2}"; }; _files() { echo files; }
words=(byoai logs a); CURRENT=3; _byoai
`;
		expect(perform('zsh', ['-f', '-c', calls], directory)).toBe('_byoai\nalpha:the first: one\nbeta\nfiles\n');
		expect(perform('cat', ['byoai.asked'], directory)).toBe('[--][logs][a]');
	});
});
