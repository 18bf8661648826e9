import {expect, test} from 'vitest';
import {parseEnvFile} from '../../source/workflow/env-file.ts';
import {load, problemsOf} from '../helpers/load-workflow.ts';

test.each<[string, Record<string, string>]>([
	['A=1\nB = two words \n', {A: '1', B: 'two words'}],
	['# comment\n\n  export A=1 # tail\n', {A: '1'}],
	['A=a#b\nB=#nothing\nC=', {A: 'a#b', B: '', C: ''}],
	["A='single $X \\n' # tail", {A: 'single $X \\n'}],
	['A="double \\n \\"q\\" \\\\ $X"', {A: 'double \n "q" \\ $X'}],
	['A="over\nlines"\nB=2', {A: 'over\nlines', B: '2'}],
	['A=1\r\nB=2\r\n', {A: '1', B: '2'}],
	['\ufeffA=it\'s "fine"', {A: 'it\'s "fine"'}],
	['A=1\nA=2', {A: '2'}],
	['A.b-c=1', {'A.b-c': '1'}],
	['A=x=y', {A: 'x=y'}],
])('%j', (text, env) => {
	expect(parseEnvFile(text)).toEqual({env, badLines: []});
});

test.each<[string, number[]]>([
	['A=1\nno assignment\nB=2\n=x\n', [2, 4]],
	['A="over\nlines"\noops\n', [3]],
	['A="open\nB=2\n', [1]],
	["A='x' y\n", [1]],
])('%j has bad lines', (text, badLines) => {
	expect(parseEnvFile(text).badLines).toEqual(badLines);
});

test('a file that is not there is a problem at its place', () => {
	expect(problemsOf('env_file:\n  - a.env\n  - b.env\ntasks: [{command: x}]\n', {files: {'a.env': ''}})).toEqual([
		'3:5 env file `b.env` is not there, or is no file; it is looked up from the directory of the workflow file',
	]);
});

test('a bad line is a problem of that file, and its text, which may be a secret, is not told', () => {
	const {problems} = load('env_file: a.env\ntasks: [{command: x}]\n', {files: {'a.env': 'A=1\ns3cret\n'}});
	expect(problems).toEqual([{message: 'not a line of the form NAME=value, or its quote is not closed', file: 'a.env', line: 2}]);
});
