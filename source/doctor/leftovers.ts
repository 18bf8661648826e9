import {existsSync} from 'node:fs';
import type {MadeContainer} from '../drivers/docker-survey.ts';
import type {Check, Finding, Leftover} from './check.ts';
import {note, ok, problem, reasonOf} from './check.ts';
import type {Place} from './place.ts';
import {engineAnswers} from './place.ts';

/**
 * Containers that carry the id of this state directory, and that neither its agents nor its unfinished runs know. Nothing else is ever
 * removed: what others made and left is only told of.
 */
export const leftovers: Check = {
	name: 'leftovers',
	find: async place => {
		if (!(await engineAnswers(place))) {
			return place.clean ? [problem('Nothing was removed: the engine that knows of containers does not answer.')] : [];
		}
		const before = await place.docker.containers();
		const stateId = await place.stateId();
		const own = before.filter(({owner}) => owner === stateId);
		const others = before.filter(({owner, directory}) => owner !== stateId && directory !== undefined && !existsSync(directory));
		return [await ownFinding(place, own), ...(others.length === 0 ? [] : [ofOthers(others)])];
	},
};

async function ownFinding(place: Place, own: readonly MadeContainer[]): Promise<Finding> {
	let left: readonly MadeContainer[];
	try {
		left = await unknownOf(place, own);
	} catch (error) {
		const nothing = place.clean ? ', and nothing was removed' : '';
		return problem(`Which of ${containers(own.length)} are still needed cannot be told${nothing}: ${reasonOf(error)}`);
	}
	if (left.length === 0) return ok('No container was left behind.');
	if (place.clean) return removed(place, left);
	const says = `${containers(left.length)} of this state directory ${left.length === 1 ? 'was' : 'were'} left behind: no agent and no unfinished run of it knows them.`;
	return {...problem(says, '`byoai doctor --clean` removes them'), leftovers: left.map(leftover)};
}

/**
 * An orchestrator writes down an instance before it makes the container, and forgets it only after it has taken the container away. So what was
 * there before it was asked, and is there after it, and is not known to it, nobody needs.
 */
async function unknownOf({docker, holder}: Place, own: readonly MadeContainer[]): Promise<readonly MadeContainer[]> {
	if (own.length === 0) return [];
	const held = await holder();
	if (held === undefined) return []; // the directory was removed in this very moment: what is in it is not known
	const names = new Set((await held.agents()).map(({id}) => id));
	const unknown: MadeContainer[] = [];
	for (const container of own) {
		if (container.instance !== undefined && names.has(container.instance)) continue;
		if (container.run === undefined || !(await held.isActive(container.run))) unknown.push(container);
	}
	if (unknown.length === 0) return [];
	const after = new Set((await docker.containers()).map(({id}) => id));
	return unknown.filter(({id}) => after.has(id));
}

async function removed({docker}: Place, left: readonly MadeContainer[]): Promise<Finding> {
	const results = await Promise.allSettled(left.map(({id}) => docker.remove(id)));
	const failures = results.flatMap((result, index) => (result.status === 'rejected' ? [{left: left[index], error: result.reason}] : []));
	const [first] = failures;
	if (first === undefined)
		return {
			...ok(`${containers(left.length)} that nobody knew ${left.length === 1 ? 'was' : 'were'} removed.`),
			leftovers: left.map(leftover),
		};
	const says = `${containers(failures.length)} of ${left.length} could not be removed: ${reasonOf(first.error)}`;
	return {...problem(says), leftovers: failures.flatMap(({left: one}) => (one === undefined ? [] : [leftover(one)]))};
}

function ofOthers(others: readonly MadeContainer[]): Finding {
	const says = `${containers(others.length)} ${others.length === 1 ? 'is' : 'are'} there of state directories that are not on this host, or not any more.`;
	const names = others.map(({name}) => name).join(' ');
	return {...note(says, `if nobody needs them: \`docker rm --force --volumes ${names}\``), leftovers: others.map(leftover)};
}

function leftover({owner: _, run: __, ...facts}: MadeContainer): Leftover {
	return facts;
}

function containers(count: number): string {
	return `${count} container${count === 1 ? '' : 's'}`;
}
