import type {Moment, Pausable, Plan, Victim} from './fault.ts';

export type Chance = (limit: number) => number;

/** Makes the plan of a round. `turn`: how often rounds of this kind came up before. */
export type Kind = (chance: Chance, turn: number, options: KindOptions) => Plan;

export type KindOptions = {
	/** Commits of a life in which nothing goes wrong: the sweep goes through all of them. */
	readonly commits: number;
};

const orchestrator: readonly Victim[] = ['orchestrator'];

export const atWork = (chance: Chance): Moment => ({notes: 1 + chance(25)});

export function oneOf<T>(chance: Chance, choices: readonly [T, ...T[]]): T {
	return choices[chance(choices.length)] ?? choices[0];
}

const anyMoment = (chance: Chance, commits: number): Moment =>
	oneOf<Moment>(chance, [{commits: 1 + chance(commits)}, {ms: chance(3000)}, atWork(chance)]);

/** While it reads the journal, opens its port, hears from agents. */
const inRecovery = (chance: Chance): Moment =>
	oneOf<Moment>(chance, [{ms: 100 + chance(400)}, {listeningMs: chance(60)}, {commits: 1 + chance(3)}]);

/** After commit 1, 2, 3 and so on: one commit each time this kind of round comes up. */
export const sweep: Kind = (_, turn, {commits: most}) => {
	const commits = 1 + (turn % most);
	return {name: `after commit ${commits}`, faults: [{at: {commits}, kill: orchestrator}]};
};

export const twice: Kind = (chance, turn, {commits: most}) => {
	const commits = 1 + (turn % most);
	return {
		name: `after commit ${commits}, and again in the recovery`,
		faults: [
			{at: {commits}, kill: orchestrator},
			{at: inRecovery(chance), kill: orchestrator},
			...(chance(3) === 0 ? [{at: inRecovery(chance), kill: orchestrator}] : []),
		],
	};
};

export const moments: Kind = (chance, _, {commits}) => ({
	name: 'at random moments',
	faults: Array.from({length: 1 + chance(4)}, () => ({at: anyMoment(chance, commits), kill: orchestrator})),
});

/** Each life gets but a few commits further. */
export const often: Kind = chance => {
	const commits = 2 + chance(4);
	return {name: `every ${commits} commits`, faults: Array.from({length: 8}, () => ({at: {commits}, kill: orchestrator}))};
};

function killsAgents(chance: Chance, times: number): Plan {
	const victims = oneOf<readonly Victim[]>(chance, [
		['orchestrator', 'agents'],
		['agents'],
		['agents', 'orchestrator', 'watchdogs'],
		['watchdogs'],
	]);
	return {
		name: `${victims.join(', ')} at once`,
		faults: Array.from({length: times}, () => ({at: atWork(chance), kill: victims})),
	};
}

export const withAgents: Kind = chance => killsAgents(chance, 1 + chance(2));
/** Of two replicas: a pool that loses more than three instances before anything was done counts as broken, as it should. */
export const withAgentsOnce: Kind = chance => killsAgents(chance, 1);

export const paused: Kind = chance => {
	const outlives = chance(2) === 0;
	const only = oneOf<readonly Pausable[]>(chance, [[], [], ['orchestrator'], ['agents'], ['agents', 'watchdogs']]);
	return {
		name: `${only.join(', ') || 'everything'} suspended for ${outlives ? 'longer' : 'less'} than the lease`,
		leaseMs: outlives ? 2000 : 60_000,
		faults: [{at: atWork(chance), pauseMs: outlives ? 2500 + chance(2000) : 200 + chance(1500), ...(only.length > 0 && {only})}],
	};
};

export const withEngine: Kind = chance => {
	const victims = oneOf<readonly Victim[]>(chance, [['engine'], ['engine', 'orchestrator'], ['orchestrator', 'engine', 'agents']]);
	return {
		name: `${victims.join(', ')} at once`,
		faults: [{at: chance(3) === 0 ? {listeningMs: chance(2500)} : atWork(chance), kill: victims}],
	};
};
