import type {Run, RunRetry} from '../model/run.ts';
import {taskEnded} from '../model/run.ts';
import type {Dependency, TaskSpec, Workflow} from '../model/workflow.ts';
import type {RunDraft} from './draft.ts';
import {endTasks, makeReady} from './tasks.ts';

/** What becomes of a task in a retry: it runs, its result is kept, or it is left out. */
export type RerunAction = 'run' | 'keep' | 'skip';

/** Indices of tasks: `from` there on, or that one `only`; neither: whatever did not succeed. */
export type RerunChoice = {readonly from?: number; readonly only?: number};

/**
 * What a retry of an ended run does with each of its tasks, in file order. What succeeded is kept, unless something that it depends on
 * runs again; `from` runs that task, all that comes after it, and what had not succeeded; `only` runs that one alone.
 */
export function planRerun(run: Run, {from, only}: RerunChoice): RerunAction[] {
	const succeeded = [...run.tasks].map(({status}) => status === 'succeeded');
	if (only !== undefined) return succeeded.map((isGood): RerunAction => (isGood ? 'keep' : 'skip')).with(only, 'run');
	const again = new Set(succeeded.flatMap((isGood, index) => (isGood ? [] : [index])));
	spread(run, again, ({condition}) => condition !== 'ordered');
	if (from !== undefined) {
		const after = new Set([from]);
		spread(run, after, () => true);
		for (const index of after) again.add(index);
	}
	return succeeded.map((_, index) => (again.has(index) ? 'run' : 'keep'));
}

/** Adds what depends on those tasks, directly or through others, by the dependencies that count. */
function spread(run: Run, tasks: Set<number>, counts: (dependency: Dependency) => boolean): void {
	for (const index of tasks) {
		for (const dependent of run.dependents[index] ?? []) {
			const dependsOn = run.workflow.tasks[dependent]?.dependsOn ?? [];
			if (dependsOn.some(dependency => dependency.task === index && counts(dependency))) tasks.add(dependent);
		}
	}
}

/** The plan as the new run's event says it: results are where they came about, however many retries lie between. */
export function retryOf(run: Run, choice: RerunChoice): RunRetry {
	const plan = planRerun(run, choice);
	const having = (action: RerunAction) => plan.flatMap((planned, index) => (planned === action ? [index] : []));
	return {
		of: run.id,
		taken: having('keep').map(task => ({task, from: run.tasks.at(task)?.takenFrom ?? run.id})),
		skipped: having('skip'),
		...(choice.only !== undefined && {forced: choice.only}),
	};
}

/** The tasks of which something is left to do: only their agents are needed. */
export function tasksToRun({tasks}: Workflow, retry: RunRetry | undefined): readonly TaskSpec[] {
	if (retry === undefined) return tasks;
	const over = new Set([...retry.taken.map(({task}) => task), ...retry.skipped]);
	return tasks.filter((_, index) => !over.has(index));
}

/** Begins a run as a retry: ends what is taken over or left out, and with it frees what waits for that. */
export function takeUp(draft: RunDraft, {taken, skipped, forced}: RunRetry, at: number): void {
	if (forced !== undefined && draft.task(forced).status === 'blocked') makeReady(draft, forced, at);
	for (const {task, from} of taken) draft.setTask(task, {...draft.task(task), takenFrom: from});
	const keep = taken.map(({task}) => task).filter(index => !taskEnded(draft.task(index).status));
	endTasks(draft, keep, {status: 'succeeded'}, at);
	endTasks(draft, skipped, {status: 'skipped', reason: 'left out of this retry'}, at);
}
