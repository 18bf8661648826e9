import type {Run} from '../model/run.ts';
import type {AgentSelector, Labels, Workflow} from '../model/workflow.ts';
import type {Candidate} from './selection.ts';
import {labelsMatch, selectorKey, selects} from './selection.ts';

/**
 * The tasks of a workflow by what they ask for in an agent: each selector is one lane, and all tasks that have it are in that. Lanes have
 * numbers, in the order of their first tasks.
 */
export class Lanes {
	readonly selectors: readonly AgentSelector[];
	/** For each task, the number of its lane. */
	readonly ofTask: readonly number[];
	readonly #byName = new Map<string, number>();
	/** Lanes by one of the labels that are asked for, the rarest. */
	readonly #byLabel = new Map<string, number[]>();
	/** Lanes by all the labels that somebody has: they are asked for with every batch. */
	readonly #byLabels = new WeakMap<Labels, readonly number[]>();
	/** Lanes that ask for no label. */
	readonly #unlabelled: number[] = [];

	constructor({tasks}: Workflow) {
		const numbers = new Map<string, number>();
		const selectors: AgentSelector[] = [];
		this.ofTask = tasks.map(({agent}) => {
			const key = selectorKey(agent);
			const lane = numbers.get(key) ?? selectors.push(agent) - 1;
			numbers.set(key, lane);
			return lane;
		});
		this.selectors = selectors;
		const counts = new Map<string, number>();
		const asked = selectors.map(selector => ('name' in selector ? [] : entriesOf(selector.labels)));
		for (const entry of asked.flat()) counts.set(entry, (counts.get(entry) ?? 0) + 1);
		for (const [lane, selector] of selectors.entries()) {
			const [first, ...others] = asked[lane] ?? [];
			if ('name' in selector) this.#byName.set(selector.name, lane);
			else if (first === undefined) this.#unlabelled.push(lane);
			else {
				const rarest = others.reduce((best, entry) => ((counts.get(entry) ?? 0) < (counts.get(best) ?? 0) ? entry : best), first);
				this.#byLabel.set(rarest, [...(this.#byLabel.get(rarest) ?? []), lane]);
			}
		}
	}

	/** Those whose tasks, in this run of the workflow, may go to the candidate. */
	fitting(run: Run, candidate: Candidate): readonly number[] {
		const {agent, pool = agent, labels} = candidate;
		const labelled = this.#labelled(labels);
		// Who registered is there for all; whether an instance takes tasks of this run that ask for labels is the same for each of them.
		const isOpen = candidate.pool === undefined || this.#selects(run, labelled[0], candidate);
		if (this.#byName.size === 0) return isOpen ? labelled : [];
		const own = `~${run.id}`;
		const names = new Set([agent, pool, pool.endsWith(own) ? pool.slice(0, -own.length) : pool]);
		const named = [...names].flatMap(name => this.#byName.get(name) ?? []).filter(lane => this.#selects(run, lane, candidate));
		return isOpen ? [...named, ...labelled] : named;
	}

	#selects(run: Run, lane: number | undefined, candidate: Candidate): boolean {
		const selector = this.selectors[lane ?? -1];
		return selector !== undefined && selects(run, selector, candidate);
	}

	/** Those that ask for no more than these labels. */
	#labelled(labels: Labels): readonly number[] {
		const known = this.#byLabels.get(labels);
		if (known !== undefined) return known;
		const near = [...this.#unlabelled, ...entriesOf(labels).flatMap(entry => this.#byLabel.get(entry) ?? [])];
		const found = near.filter(lane => {
			const selector = this.selectors[lane];
			return selector !== undefined && 'labels' in selector && labelsMatch(selector.labels, labels);
		});
		this.#byLabels.set(labels, found);
		return found;
	}
}

function entriesOf(labels: Labels): string[] {
	return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}

const known = new WeakMap<Workflow, Lanes>();

/** The lanes of a workflow, which follow from it alone. */
export function lanesOf(workflow: Workflow): Lanes {
	const lanes = known.get(workflow) ?? new Lanes(workflow);
	known.set(workflow, lanes);
	return lanes;
}
