import type {Finding, Leftover} from './check.ts';
import {ok, problem, reasonOf} from './check.ts';
import type {Place} from './place.ts';

/** Something that an orchestrator made; `owner` and the like are for whoever lists them. */
export type Made = Leftover & {readonly owner?: string; readonly run?: string};

/** Containers, or pods. */
export type Kind = {
	readonly noun: string;
	/** All there are now. */
	readonly list: () => Promise<ReadonlyArray<{readonly id: string}>>;
	readonly remove: (id: string) => Promise<void>;
};

/** What of `own`, which carries the id of this state directory, nobody knows; removed where that is wished. */
export async function leftoversOf(place: Place, kind: Kind, own: readonly Made[]): Promise<Finding> {
	const count = (many: number) => countOf(many, kind.noun);
	let left: readonly Made[];
	try {
		left = await unknownOf(place, kind, own);
	} catch (error) {
		const nothing = place.clean ? ', and nothing was removed' : '';
		return problem(`Which of ${count(own.length)} are still needed cannot be told${nothing}: ${reasonOf(error)}`);
	}
	if (left.length === 0) return ok(`No ${kind.noun} was left behind.`);
	if (place.clean) return removed(kind, left);
	const says = `${count(left.length)} of this state directory ${left.length === 1 ? 'was' : 'were'} left behind: no agent and no unfinished run of it knows them.`;
	return {...problem(says, '`byoai doctor --clean` removes them'), leftovers: left.map(leftover)};
}

/**
 * An orchestrator writes down an instance before it makes its container or pod, and forgets it only after it has taken that away. So what was
 * there before it was asked, and is there after it, and is not known to it, nobody needs.
 */
async function unknownOf({holder}: Place, {list}: Kind, own: readonly Made[]): Promise<readonly Made[]> {
	if (own.length === 0) return [];
	const held = await holder();
	if (held === undefined) return []; // the directory was removed in this very moment: what is in it is not known
	const names = new Set((await held.agents()).map(({id}) => id));
	const unknown: Made[] = [];
	for (const made of own) {
		if (made.instance !== undefined && names.has(made.instance)) continue;
		if (made.run === undefined || !(await held.isActive(made.run))) unknown.push(made);
	}
	if (unknown.length === 0) return [];
	const after = new Set((await list()).map(({id}) => id));
	return unknown.filter(({id}) => after.has(id));
}

async function removed({noun, remove}: Kind, left: readonly Made[]): Promise<Finding> {
	const results = await Promise.allSettled(left.map(({id}) => remove(id)));
	const failures = results.flatMap((result, index) => (result.status === 'rejected' ? [{left: left[index], error: result.reason}] : []));
	const [first] = failures;
	if (first === undefined)
		return {
			...ok(`${countOf(left.length, noun)} that nobody knew ${left.length === 1 ? 'was' : 'were'} removed.`),
			leftovers: left.map(leftover),
		};
	const says = `${countOf(failures.length, noun)} of ${left.length} could not be removed: ${reasonOf(first.error)}`;
	return {...problem(says), leftovers: failures.flatMap(({left: one}) => (one === undefined ? [] : [leftover(one)]))};
}

/** As it is shown. */
export function leftover({owner: _, run: __, ...facts}: Made): Leftover {
	return facts;
}

export function countOf(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
