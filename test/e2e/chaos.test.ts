import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {Plan} from '../chaos/fault.ts';
import {kubernetesHomes} from '../chaos/kubernetes.ts';
import type {Program} from '../chaos/place.ts';
import {copyProgram} from '../chaos/place.ts';
import {runRound} from '../chaos/round.ts';

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

/** The same with agents, and one of the tasks, in pods. */
const podPlans: readonly Plan[] = [
	{
		name: 'API server silent, orchestrator and agents killed meanwhile',
		faults: [{at: {notes: 6}, kill: ['engine', 'orchestrator', 'agents'], absence: {ms: 2000, how: 'silent'}}],
	},
	{
		name: 'all pods deleted by somebody else, the orchestrator killed, the API server started anew, and connections troubled after that',
		faults: [
			{at: {notes: 6}, kill: ['pods', 'orchestrator', 'engine'], absence: {ms: 300, how: 'off'}},
			{at: {listeningMs: 500}, trouble: {ms: 1000, cutEveryMs: 100, failOneIn: 4}},
		],
	},
];

let program: Program;

beforeAll(() => {
	program = copyProgram();
});

afterAll(() => program.remove());

const hasProc = existsSync('/proc/self/environ');

test.skipIf(!hasProc).each(plans)(
	'$name: nothing is lost, doubled or left behind',
	async plan => {
		const {findings, faults, lostAttempts} = await runRound(program, plan.name.replace(/\W+/g, '-'), plan);
		expect(findings).toEqual([]);
		expect(faults).toBeGreaterThan(0);
		// What a lease outlives is not even tried again.
		if (plan.leaseMs === 60_000) expect(lostAttempts).toBe(0);
	},
	120_000,
);

test.skipIf(!hasProc).each(podPlans)(
	'$name: nothing is lost, doubled or left behind',
	async plan => {
		const homes = kubernetesHomes(join(program.directory, 'dist'));
		const {findings, faults, lostAttempts} = await runRound(program, plan.name.replace(/\W+/g, '-'), plan, homes);
		expect(findings).toEqual([]);
		expect(faults).toBe(plan.faults.length);
		expect(lostAttempts).toBeGreaterThan(0);
	},
	120_000,
);
