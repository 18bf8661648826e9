import {existsSync} from 'node:fs';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {Program} from '../chaos/place.ts';
import {copyProgram} from '../chaos/place.ts';
import type {Plan} from '../chaos/plan.ts';
import {Round} from '../chaos/round.ts';

/** A few rounds of what `npm run chaos` does at length. */
const plans: readonly Plan[] = [
	{
		name: 'killed twice in a row, the second time in the recovery',
		faults: [
			{at: {commits: 9}, kill: ['orchestrator']},
			{at: {listeningMs: 10}, kill: ['orchestrator']},
		],
	},
	{
		name: 'orchestrator, agents and watchdogs killed at once',
		faults: [{at: {notes: 6}, kill: ['agents', 'orchestrator', 'watchdogs']}],
	},
	// A laptop's evening: it is closed in the midst of a run, and opened again when every lease has ended.
	{name: 'everything suspended for longer than the lease', leaseMs: 2000, faults: [{at: {notes: 6}, pauseMs: 4000}]},
	{name: 'everything suspended for less than the lease', leaseMs: 60_000, faults: [{at: {notes: 6}, pauseMs: 1500}]},
];

let program: Program;

beforeAll(() => {
	program = copyProgram();
});

afterAll(() => program.remove());

test.skipIf(!existsSync('/proc/self/environ')).each(plans)(
	'$name: nothing is lost, doubled or left behind',
	async plan => {
		const {findings, faults, lostAttempts} = await new Round(program, plan.name.replace(/\W+/g, '-'), plan).run();
		expect(findings).toEqual([]);
		expect(faults).toBeGreaterThan(0);
		// What a lease outlives is not even tried again.
		if (plan.leaseMs === 60_000) expect(lostAttempts).toBe(0);
	},
	120_000,
);
