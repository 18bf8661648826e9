import {execFileSync, spawn} from 'node:child_process';
import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {readFileBytes} from '../../source/commands/read-file.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const limit = 200_000;

function pipe(): string {
	const path = join(temporaryDirectory(), 'pipe');
	execFileSync('mkfifo', [path]);
	return path;
}

/** Writes to a path from another process. */
function write(path: string, script: string): void {
	const child = spawn('sh', ['-c', `${script} > "$0"`, path], {stdio: 'ignore'});
	onTestFinished(() => void child.kill('SIGKILL'));
}

test('a file, whole; nothing where there is none', () => {
	const directory = temporaryDirectory();
	const file = join(directory, 'file');
	expect(readFileBytes(file, limit)).toBeUndefined();
	expect(readFileBytes(join(file, 'below'), limit)).toBeUndefined();
	for (const content of ['', 'x'.repeat(limit)]) {
		writeFileSync(file, content);
		expect(readFileBytes(file, limit)?.toString()).toBe(content);
	}
	expect(readFileBytes('/dev/null', limit)).toHaveLength(0);
	expect(() => readFileBytes(file, limit - 1)).toThrow(/larger than the limit workflow_bytes permits \(199999 bytes\)/);
});

test('a pipe, however late and slow its writer is', () => {
	const path = pipe();
	write(path, '{ printf one; sleep 0.1; printf two; head -c 150000 /dev/zero; }');
	expect(readFileBytes(path, limit)?.toString()).toBe(`onetwo${'\0'.repeat(150_000)}`);
});

test('a pipe to which nobody writes is given up, and what never ends is cut off', () => {
	expect(() => readFileBytes(pipe(), limit, 40)).toThrow(/cannot be read: for 0\.04 s nobody has written to it/);
	expect(() => readFileBytes('/dev/zero', limit)).toThrow(/larger than the limit/);
});

test('what cannot be read says why, in words', () => {
	const directory = temporaryDirectory();
	mkdirSync(join(directory, 'directory'));
	symlinkSync('circle', join(directory, 'circle'));
	expect(() => readFileBytes(join(directory, 'directory'), limit)).toThrow(/directory cannot be read: it is a directory$/);
	expect(() => readFileBytes(join(directory, 'circle'), limit)).toThrow(/circle cannot be read: its symbolic links lead in a circle$/);
});
