import {seededRandom} from '../helpers/seeded-random.ts';

/**
 * When a fault comes: after so many commits of this life, or milliseconds after its start, or after it listens; or once the tasks
 * have noted so many starts and ends, which is in the midst of work however busy the machine is.
 */
export type Moment = {readonly commits: number} | {readonly ms: number} | {readonly listeningMs: number} | {readonly notes: number};

/** What is killed with -9, or stopped for a while. */
export type Victim = 'orchestrator' | 'agents' | 'watchdogs' | 'engine';

/** What can be stopped without the rest. */
export type Pausable = 'orchestrator' | 'agents' | 'watchdogs';

export type Fault =
	| {readonly at: Moment; readonly kill: readonly Victim[]}
	/** SIGSTOP to all processes of the round, or to these alone, and SIGCONT after `pauseMs`. */
	| {readonly at: Moment; readonly pauseMs: number; readonly only?: readonly Pausable[]};

export type Plan = {
	readonly name: string;
	readonly faults: readonly Fault[];
	/** Of the settings; absent: the default, which no round reaches. */
	readonly leaseMs?: number;
};

/** Commits of a life in which nothing goes wrong, or a few more: the sweep goes through all of them. */
const sweepCommits = 48;

type Chance = (limit: number) => number;
type Maker = (chance: Chance, round: number) => Plan;

const orchestrator: readonly Victim[] = ['orchestrator'];
const atWork = (chance: Chance): Moment => ({notes: 1 + chance(25)});
function anyMoment(chance: Chance): Moment {
	const moments: readonly Moment[] = [{commits: 1 + chance(sweepCommits)}, {ms: chance(3000)}, atWork(chance)];
	return moments[chance(moments.length)] ?? {ms: 0};
}
/** While it reads the journal, opens its port, hears from agents. */
const inRecovery = (chance: Chance): Moment => {
	const moments: readonly Moment[] = [{ms: 100 + chance(400)}, {listeningMs: chance(60)}, {commits: 1 + chance(3)}];
	return moments[chance(moments.length)] ?? {ms: 0};
};

/** After commit 1, 2, 3 and so on: one commit each time this kind of round comes up. */
const sweep: Maker = (_, turn) => {
	const commits = 1 + (turn % sweepCommits);
	return {name: `after commit ${commits}`, faults: [{at: {commits}, kill: orchestrator}]};
};

const twice: Maker = (chance, turn) => {
	const commits = 1 + (turn % sweepCommits);
	return {
		name: `after commit ${commits}, and again in the recovery`,
		faults: [
			{at: {commits}, kill: orchestrator},
			{at: inRecovery(chance), kill: orchestrator},
			...(chance(3) === 0 ? [{at: inRecovery(chance), kill: orchestrator}] : []),
		],
	};
};

const moments: Maker = chance => ({
	name: 'at random moments',
	faults: Array.from({length: 1 + chance(4)}, () => ({at: anyMoment(chance), kill: orchestrator})),
});

/** Each life gets but a few commits further. */
const often: Maker = chance => {
	const commits = 2 + chance(4);
	return {name: `every ${commits} commits`, faults: Array.from({length: 8}, () => ({at: {commits}, kill: orchestrator}))};
};

function killsAgents(chance: Chance, times: number): Plan {
	const kill: readonly (readonly Victim[])[] = [
		['orchestrator', 'agents'],
		['agents'],
		['agents', 'orchestrator', 'watchdogs'],
		['watchdogs'],
	];
	const victims = kill[chance(kill.length)] ?? [];
	return {
		name: `${victims.join(', ')} at once`,
		faults: Array.from({length: times}, () => ({at: atWork(chance), kill: victims})),
	};
}

const withAgents: Maker = chance => killsAgents(chance, 1 + chance(2));
/** Of two replicas: a pool that loses more than three instances before anything was done counts as broken, as it should. */
const withAgentsOnce: Maker = chance => killsAgents(chance, 1);

const paused: Maker = chance => {
	const outlives = chance(2) === 0;
	const choices: readonly (readonly Pausable[])[] = [[], [], ['orchestrator'], ['agents'], ['agents', 'watchdogs']];
	const only = choices[chance(choices.length)] ?? [];
	return {
		name: `${only.join(', ') || 'everything'} suspended for ${outlives ? 'longer' : 'less'} than the lease`,
		leaseMs: outlives ? 2000 : 60_000,
		faults: [{at: atWork(chance), pauseMs: outlives ? 2500 + chance(2000) : 200 + chance(1500), ...(only.length > 0 && {only})}],
	};
};

const withEngine: Maker = chance => {
	const kill: readonly (readonly Victim[])[] = [['engine'], ['engine', 'orchestrator'], ['orchestrator', 'engine', 'agents']];
	const victims = kill[chance(kill.length)] ?? [];
	return {
		name: `${victims.join(', ')} at once`,
		faults: [{at: chance(3) === 0 ? {listeningMs: chance(2500)} : atWork(chance), kill: victims}],
	};
};

const localKinds: readonly Maker[] = [sweep, twice, moments, sweep, withAgents, often, twice, paused];
const dockerKinds: readonly Maker[] = [sweep, twice, moments, withAgentsOnce];

/** What goes wrong in a round; the same for the same seed and round. `engine`: there is one that may be killed. */
export function planRound(seed: number, round: number, {docker, engine}: {docker: boolean; engine: boolean}): Plan {
	const kinds = kindsOf(docker, engine);
	const place = round % kinds.length;
	const kind = kinds[place] ?? sweep;
	const times = (of: readonly Maker[]) => of.filter(one => one === kind).length;
	// How often this kind came up before. Seeds begin the sweep at different commits.
	const turn = seed * 5 + Math.floor(round / kinds.length) * times(kinds) + times(kinds.slice(0, place));
	return kind(seededRandom(seed * 100_003 + round), turn);
}

function kindsOf(docker: boolean, engine: boolean): readonly Maker[] {
	if (engine) return [...dockerKinds, withEngine];
	return docker ? dockerKinds : localKinds;
}

export function killsEngine({faults}: Plan): boolean {
	return faults.some(fault => 'kill' in fault && fault.kill.includes('engine'));
}
