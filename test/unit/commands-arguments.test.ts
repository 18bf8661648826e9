import {describe, expect, test} from 'vitest';
import {commands} from '../../source/commands/registry.ts';
import {readArguments, readParamFlags, withoutSecrets} from '../../source/commands/words/arguments.ts';
import {commandIndex} from '../../source/commands/words/option-words.ts';

function read(name: string, ...words: string[]) {
	const command = commands.find(candidate => candidate.name === name);
	if (command === undefined) throw new Error(`no command ${name}`);
	return readArguments(command, words, commands);
}

const usage = (message: RegExp) => expect.objectContaining({code: 'usage', message: expect.stringMatching(message)});

describe('the command is the first word that is neither an option nor the value of one', () => {
	test.each([
		['ps', 0],
		['--json ps', 1],
		['--state-dir logs ps', 2],
		['--state-dir=x ps', 1],
		['-f ps', -1],
		['-f x ps', 2],
		['--json', -1],
		['-- ps', -1],
		['', -1],
	])('%j', (line, index) => {
		expect(commandIndex(line.split(' ').filter(word => word !== ''))).toBe(index);
	});
});

test('options of every kind', async () => {
	await expect(
		read('', '-f', 'a.yml', '--no-tui', '--param', 'a=1', '--param=b=2', '--state-dir', 's', '--no-color', '--new'),
	).resolves.toEqual({
		operands: [],
		flags: {workflow: 'a.yml', tui: false, param: ['a=1', 'b=2'], stateDir: 's', color: false, new: true},
	});
	await expect(read('logs', 'latest', 'build', '-f')).resolves.toEqual({operands: ['latest', 'build'], flags: {follow: true}});
	await expect(read('run', 'x', '--param=a=--b', '--param', 'c=d=e')).resolves.toMatchObject({flags: {param: ['a=--b', 'c=d=e']}});
	await expect(read('run', '--', '--param=')).resolves.toEqual({operands: ['--param='], flags: {}});
	await expect(read('run', '--', '-odd.yml')).resolves.toEqual({operands: ['-odd.yml'], flags: {}});
	await expect(read('logs', '12', '034')).resolves.toMatchObject({operands: ['12', '034']});
});

test.each([
	['run', ['x', '--dryrun'], /unknown option --dryrun; did you mean `--dry-run`\? See: byoai run --help/],
	['run', ['x', '--no-colour'], /unknown option --no-colour; did you mean `--no-color`\?/],
	['run', ['x', '-q'], /unknown option -q\./],
	['ps', ['--dry-run'], /byoai ps has no option --dry-run; byoai run and byoai retry have it\. See: byoai ps --help/],
	['run', ['x', '--port'], /--port needs a value: <number>/],
	['run', ['x', '--port='], /--port needs a value/],
	['', ['-f'], /--workflow needs a value: <file>/],
	['run', ['x', '--param'], /--param needs a value: <name=value>/],
	['run', ['x', '--param', 'a=1', '--param', '--json'], /--param needs a value/],
	['run', ['x', '--param='], /--param needs a value/],
	['run', ['x', '--no-tui=false'], /--no-tui takes no value/],
	['run', ['x', '--json=yes'], /--json takes no value/],
	['run', ['x', '-f', 'y'], /byoai run has no option -f; byoai and byoai agent-manager-mode have it\./],
	['validate', [], /byoai validate needs <file>\.\.\. See/],
	['run', ['x', '--host', 'a', '--host', 'b'], /--host can only be set once/],
	['run', [], /byoai run needs <file>/],
	['run', ['a', 'b'], /byoai run does not take "b"/],
	['ps', ['x'], /byoai ps does not take "x"/],
] as const)('byoai %s %j is refused', async (name, words, message) => {
	await expect(read(name, ...words)).rejects.toThrow(usage(message));
});

test('params are split at the first equals sign, and the last of a name holds', () => {
	expect(readParamFlags(['a=1', 'b=c=d', 'e=', 'a=2'])).toEqual({a: '2', b: 'c=d', e: ''});
	expect(() => readParamFlags(['a'])).toThrow(usage(/--param must be name=value, not "a"/));
	expect(() => readParamFlags(['=a'])).toThrow(usage(/name=value/));
});

test('tokens are not for others to see', () => {
	expect(withoutSecrets(['run', 'x', '--token', 'a', '--port', '1'])).toEqual(['run', 'x', '--token', '…', '--port', '1']);
	expect(withoutSecrets(['--token=a', 'ps', '--token'])).toEqual(['--token=…', 'ps', '--token']);
});
