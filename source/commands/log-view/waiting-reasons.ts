import type {RunDetail} from '../../protocol/views.ts';
import type {Notice} from './story.ts';

/** Remembers why tasks of one run waited, and tells each reason once, however its numbers change. */
export class WaitingReasons {
	readonly #told = new Set<string>();

	/** What is new in these tasks, of those that only lack a place to run. */
	news({tasks}: RunDetail): Notice[] {
		const groups = new Map<string, {task: string; others: number; reason: string}>();
		for (const {name, status, waiting} of tasks) {
			if (status !== 'ready' || waiting === undefined) continue;
			const key = waiting.replace(/\d+/g, '#');
			const group = groups.get(key);
			if (group !== undefined) group.others++;
			else if (!this.#told.has(key)) groups.set(key, {task: name, others: 0, reason: waiting});
		}
		for (const key of groups.keys()) this.#told.add(key);
		return [...groups.values()].map(group => ({kind: 'waiting', ...group}));
	}
}
