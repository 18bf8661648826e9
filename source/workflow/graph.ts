import type {Dependency, DependencyCondition} from '../model/workflow.ts';
import {localAgentName} from '../model/workflow.ts';
import {isMapping} from './canonical.ts';
import {findCycles} from './cycles.ts';
import type {Findings} from './findings.ts';
import type {Path, Place} from './positions.ts';
import {didYouMean} from './suggest.ts';

export type TaskGraph = {
	/** Names in file order. */
	readonly names: readonly string[];
	/** What each task depends on, by index. */
	readonly dependencies: ReadonlyArray<readonly Dependency[]>;
};

type PlaceOf = (path: Path) => Place;
/** A dependency as the file names it. */
type Named = {
	readonly name: string;
	readonly path: Path;
	readonly at: 'key' | 'value';
	readonly condition: DependencyCondition;
	readonly optional: boolean;
};

/** Unknown names for which a suggestion is looked for: each costs a walk over all names. */
const maxSuggestions = 20;
const shownCycle = 12;

/**
 * Names the tasks of a canonical document and resolves their dependencies: duplicates, unknown names and cycles become
 * findings. What has the wrong shape is left to the schema. When no task has `depends_on`, each is ordered after the one before.
 */
export function readGraph(document: Readonly<Record<string, unknown>>, findings: Findings, placeOf: PlaceOf): TaskGraph {
	const tasks: readonly unknown[] = Array.isArray(document.tasks) ? document.tasks : [];
	const names = tasks.map((task, index) => nameOf(task) ?? `task-${index + 1}`);
	const indices = indexByName(names, 'task', 'tasks', findings, placeOf);
	if (!tasks.some(task => isMapping(task) && Object.hasOwn(task, 'depends_on'))) {
		return {names, dependencies: names.map((_, index) => (index === 0 ? [] : [{task: index - 1, condition: 'ordered', optional: true}]))};
	}
	let suggestions = maxSuggestions;
	const dependencies = tasks.map((task, index) => {
		const found = new Map<number, Dependency>();
		for (const {name, path, at, condition, optional} of isMapping(task)
			? namedDependencies(task.depends_on, ['tasks', index, 'depends_on'])
			: []) {
			const other = indices.get(name);
			if (other === index) findings.add(`task \`${name}\` depends on itself`, path, {at});
			else if (other !== undefined) found.set(other, {task: other, condition, optional});
			else if (!optional) {
				const suggestion = suggestions-- > 0 ? didYouMean(name, names) : '';
				findings.add(`unknown task \`${name}\`${suggestion}`, path, {at});
			}
		}
		return [...found.values()];
	});
	for (const cycle of findCycles(dependencies.map(list => list.map(({task}) => task)))) {
		findings.add(`cycle: ${cycleText(cycle.map(task => names[task] ?? ''))}`, ['tasks', cycle[0] ?? 0, 'depends_on'], {at: 'key'});
	}
	return {names, dependencies};
}

/** Two agents of one name are a finding that tells both lines. */
export function checkAgentNames(document: Readonly<Record<string, unknown>>, findings: Findings, placeOf: PlaceOf): void {
	const agents: readonly unknown[] = Array.isArray(document.agents) ? document.agents : [];
	indexByName(agents.map(nameOf), 'agent', 'agents', findings, placeOf);
}

/** A task with an `image` names what its container is made after, so that it must be one agent, and one that has containers. */
export function checkImages(document: Readonly<Record<string, unknown>>, findings: Findings): void {
	const {tasks, agents, defaults} = document;
	const local = new Set((Array.isArray(agents) ? agents : []).flatMap((agent: unknown) => (isLocal(agent) ? nameOf(agent) : [])));
	const shared: Readonly<Record<string, unknown>> = isMapping(defaults) ? defaults : {};
	let isSharedTold = false;
	for (const [index, task] of (Array.isArray(tasks) ? tasks : []).entries()) {
		if (!isMapping(task) || (task.image ?? shared.image) === undefined) continue;
		const agent = task.agent ?? shared.agent;
		const isLocalOne = typeof agent === 'string' && agent !== localAgentName && local.has(agent);
		if (!isMapping(agent) && !isLocalOne) continue;
		const isShared = task.agent === undefined;
		// What the defaults say is wrong once, however many tasks take it from there.
		if (isShared && isSharedTold) continue;
		isSharedTold ||= isShared;
		findings.add(
			isMapping(agent)
				? 'with an `image`, `agent` names one agent, after which the container is made; labels choose among several'
				: `with an \`image\`, \`agent\` names one of type docker or kubernetes; \`${agent}\` is of type local, which starts no containers`,
			isShared ? ['defaults', 'agent'] : ['tasks', index, 'agent'],
		);
	}
}

function isLocal(agent: unknown): boolean {
	return isMapping(agent) && (agent.type === 'local' || (agent.type === undefined && agent.image === undefined));
}

function nameOf(item: unknown): string | undefined {
	return isMapping(item) && typeof item.name === 'string' ? item.name : undefined;
}

function indexByName(
	names: ReadonlyArray<string | undefined>,
	what: string,
	key: string,
	findings: Findings,
	placeOf: PlaceOf,
): Map<string, number> {
	const indices = new Map<string, number>();
	for (const [index, name] of names.entries()) {
		if (name === undefined) continue;
		const first = indices.get(name);
		if (first === undefined) indices.set(name, index);
		else findings.add(`${what} \`${name}\` is declared twice: also in line ${placeOf([key, first, 'name']).line}`, [key, index, 'name']);
	}
	return indices;
}

function namedDependencies(value: unknown, path: Path): Named[] {
	const plain = {at: 'value', condition: 'succeeded', optional: false} as const;
	if (typeof value === 'string') return [{name: value, path, ...plain}];
	if (Array.isArray(value)) {
		return value.flatMap((name: unknown, index) => (typeof name === 'string' ? [{name, path: [...path, index], ...plain}] : []));
	}
	if (!isMapping(value)) return [];
	return Object.entries(value).map(([name, options]) => ({
		name,
		path: [...path, name],
		at: 'key',
		condition:
			isMapping(options) && (options.condition === 'failed' || options.condition === 'completed') ? options.condition : 'succeeded',
		optional: isMapping(options) && options.optional === true,
	}));
}

function cycleText(names: readonly string[]): string {
	const [first = ''] = names;
	const shown = names.length <= shownCycle ? names : [...names.slice(0, shownCycle), `… (${names.length} tasks)`];
	return [...shown, first].join(' → ');
}
