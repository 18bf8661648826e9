import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {expect, test} from 'vitest';

const run = promisify(execFile);
const main = new URL('main.ts', import.meta.url).pathname;

/** A process of its own: nothing of the test runner stands between. */
async function simulate(...args: string[]): Promise<string> {
	const {stdout} = await run(process.execPath, [main, ...args]).catch((error: {stdout: string; stderr: string}) => {
		throw new Error(`${error.stdout}\n${error.stderr}`);
	});
	return stdout;
}

test('200 simulated worlds end well', {timeout: 120_000}, async () => {
	expect(await simulate('--seeds', '200')).toMatch(/^200 worlds, 0 failed/);
});

test('what happens follows from the seed alone', {timeout: 60_000}, async () => {
	const trace = () => simulate('--seeds', '1', '--seed', '3', '--trace').then(output => output.split('\n').slice(0, -2));
	const lines = await trace();
	expect(lines.length).toBeGreaterThan(100);
	expect(await trace()).toEqual(lines);
});

test('every mutant is caught', {timeout: 300_000}, async () => {
	expect(await simulate('--mutants', '--until-caught', '--seeds', '4000')).toMatch(/mutants, 0 not caught\n$/);
});
