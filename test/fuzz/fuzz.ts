import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import type {IRawProperty} from 'fast-check';
import {check, defaultReportMessage} from 'fast-check';
import {expect} from 'vitest';
import type {Target} from './targets.ts';

/** What the command sets: for how long, from which seed on, and which target alone. Absent: a short run, as a part of the tests. */
const {FUZZ_MILLISECONDS: milliseconds, FUZZ_SEED: firstSeed = '1', FUZZ_TARGET: chosen} = process.env;

/** Values that were found to break something once; they are tried first, in every run. */
type FuzzOptions<Values> = {
	/** Values to try with one seed. */
	readonly runs: number;
	readonly examples?: Values[];
};

/** Garbage that a long run may leave: more of it means that something keeps what it should not. */
const heapGrowthBytes = 256 * 1024 * 1024;

/** Enough time for one test, however long the command wants it to go on. */
export const fuzzTimeout = {timeout: 60_000 + 2 * Number(milliseconds ?? 0)};

/**
 * Tries `property` with values that follow from a seed: the same ones in every run of the tests, others with each seed of `npm run fuzz`. A
 * failure names the command that repeats it.
 */
export async function fuzz<Values>(
	target: Target,
	property: IRawProperty<Values>,
	{runs, examples = []}: FuzzOptions<Values>,
): Promise<void> {
	if (chosen !== undefined && chosen !== target) return expect(chosen).not.toBe(target);
	const end = performance.now() + Number(milliseconds ?? 0);
	let seed = Number(firstSeed);
	let heapBytes: number | undefined;
	do {
		const result = await check(property, {seed, numRuns: runs, examples});
		if (result.failed) {
			throw new Error(`${defaultReportMessage(result)}\nrepeat it with: npm run fuzz -- --target ${target} --seed ${seed} --minutes 0`, {
				cause: result.errorInstance,
			});
		}
		expect(result.numRuns).toBe(runs);
		seed++;
		if (milliseconds !== undefined) heapBytes = refuseGrowth(heapBytes);
	} while (performance.now() < end);
	if (milliseconds !== undefined) console.log(`${target}: seeds ${firstSeed} to ${seed - 1}, ${runs} values each`);
}

/** Returns what the heap had after the first values. */
function refuseGrowth(before: number | undefined): number {
	setFlagsFromString('--expose-gc');
	runInNewContext('gc')();
	const {heapUsed} = process.memoryUsage();
	if (before !== undefined) expect(heapUsed - before, 'bytes that the heap has grown by').toBeLessThan(heapGrowthBytes);
	return before ?? heapUsed;
}
