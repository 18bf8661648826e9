import {existsSync} from 'node:fs';
import type {MadeContainer} from '../drivers/docker/survey.ts';
import type {Check, Finding} from './check.ts';
import {note, problem} from './check.ts';
import {countOf, leftover, leftoversOf} from './left-behind.ts';
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
		const kind = {noun: 'container', list: () => place.docker.containers(), remove: (id: string) => place.docker.remove(id)};
		return [await leftoversOf(place, kind, own), ...(others.length === 0 ? [] : [ofOthers(others)])];
	},
};

function ofOthers(others: readonly MadeContainer[]): Finding {
	const says = `${countOf(others.length, 'container')} ${others.length === 1 ? 'is' : 'are'} there of state directories that are not on this host, or not any more.`;
	const names = others.map(({name}) => name).join(' ');
	return {...note(says, `if nobody needs them: \`docker rm --force --volumes ${names}\``), leftovers: others.map(leftover)};
}
