import type {Absence, Moment, Trouble, Victim} from './fault.ts';
import type {Chance, Kind} from './kinds.ts';
import {atWork, oneOf} from './kinds.ts';

/** Also while it starts pods, and hears from the first agents. */
const inLife = (chance: Chance): Moment => (chance(3) === 0 ? {listeningMs: chance(2500)} : atWork(chance));

/** The API server is away for a moment, or for longer than all that hangs on it likes; pods go on. */
export const withServer: Kind = chance => {
	const kill = oneOf<readonly Victim[]>(chance, [
		['engine'],
		['engine', 'orchestrator'],
		['engine', 'orchestrator', 'agents'],
		['engine', 'agents'],
	]);
	const absence: Absence = {
		ms: chance(3) === 0 ? 3000 + chance(5000) : 100 + chance(2000),
		how: oneOf<Absence['how']>(chance, ['off', 'silent']),
	};
	const others = kill.filter(victim => victim !== 'engine').join(', ');
	const name = `API server ${absence.how} for ${absence.ms} ms${others && `, ${others} killed`}`;
	return {name, faults: Array.from({length: 1 + chance(2)}, () => ({at: inLife(chance), kill, absence}))};
};

/** Somebody else deletes all pods, with and without time for them to end. */
export const withPods: Kind = chance => {
	const kill = oneOf<readonly Victim[]>(chance, [
		['pods'],
		['orchestrator', 'pods'],
		['pods', 'agents'],
		['pods', 'orchestrator', 'engine'],
	]);
	const podGraceSeconds = oneOf(chance, [0, 0, 1, 30]);
	const absence: Absence = {ms: 100 + chance(2000), how: 'off'};
	return {
		name: `${kill.join(', ')} at once, pods deleted with ${podGraceSeconds} s`,
		faults: [{at: inLife(chance), kill, podGraceSeconds, ...(kill.includes('engine') && {absence})}],
	};
};

/** Connections break, requests are refused or done without an answer, and perhaps the orchestrator dies with them. */
export const withTrouble: Kind = chance => {
	const which = chance(3);
	const cutEveryMs = 20 + chance(200);
	const failOneIn = 2 + chance(6);
	const trouble: Trouble = {ms: 500 + chance(5000), ...(which !== 0 && {cutEveryMs}), ...(which !== 1 && {failOneIn})};
	const dies = chance(2) === 0;
	const words = [which !== 0 && `all connections cut every ${cutEveryMs} ms`, which !== 1 && `one request in ${failOneIn} fails`];
	return {
		name: `${words.filter(Boolean).join(', ')} for ${trouble.ms} ms${dies ? ', orchestrator killed' : ''}`,
		faults: [{at: inLife(chance), trouble}, ...(dies ? [{at: atWork(chance), kill: ['orchestrator'] as const}] : [])],
	};
};
