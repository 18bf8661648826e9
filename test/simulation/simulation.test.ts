import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {expect, test} from 'vitest';

const run = promisify(execFile);
/** Worlds leave much behind; with more room for it less of it is looked at again. */
const roomForYoung = '--max-semi-space-size=32';
const main = new URL('main.ts', import.meta.url).pathname;

/** A process of its own: nothing of the test runner stands between. */
async function simulate(...args: string[]): Promise<string> {
	const {stdout} = await run(process.execPath, [roomForYoung, main, ...args]).catch((error: {stdout: string; stderr: string}) => {
		throw new Error(`${error.stdout}\n${error.stderr}`);
	});
	return stdout;
}

test('200 simulated worlds end well', {timeout: 120_000}, async () => {
	expect(await simulate('--seeds', '200')).toMatch(/^200 worlds, 0 failed/);
});

test('what happens follows from the seed alone', {timeout: 60_000}, async () => {
	const trace = () => simulate('--seeds', '4', '--seed', '3', '--trace').then(output => output.split('\n').slice(0, -2));
	const lines = await trace();
	expect(lines.length).toBeGreaterThan(100);
	expect(await trace()).toEqual(lines);
});

test('every mutant is caught', {timeout: 300_000}, async () => {
	expect(await simulate('--mutants', '--until-caught', '--seeds', '4000')).toMatch(/mutants, 0 not caught\n$/);
});

test('the whole product ends well in 12 simulated worlds, and in those in which it once did not', {timeout: 120_000}, async () => {
	expect(await simulate('--tier', '2', '--seeds', '12')).toMatch(/^12 worlds, 0 failed/);
	expect(await simulate('--tier', '2', '--kept')).toMatch(/worlds, 0 failed/);
});

test('what happens to the whole product follows from the seed alone', {timeout: 60_000}, async () => {
	const trace = () => simulate('--tier', '2', '--seeds', '2', '--seed', '5', '--trace').then(output => output.split('\n').slice(0, -2));
	const lines = await trace();
	expect(lines.length).toBeGreaterThan(100);
	expect(await trace()).toEqual(lines);
});

test('every mutant of what only the whole product has is caught', {timeout: 300_000}, async () => {
	expect(await simulate('--tier', '2', '--mutants', '--until-caught', '--seeds', '300')).toMatch(/mutants, 0 not caught\n$/);
});
