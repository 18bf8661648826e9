import type {AttemptStatus, TaskStatus} from '../../model/run.ts';
import type {AttemptDetail, RunDetail, TaskDetail} from '../../protocol/views.ts';
import {printable} from '../../text/printable.ts';

/** A stretch of time in a row; times are milliseconds since 1970. */
export type TimelineSpan = {
	readonly from: number;
	/** Absent: it goes on. */
	readonly to?: number;
	/** `waits`: nothing ran yet, or the next attempt is due later. */
	readonly kind: 'runs' | 'waits';
	readonly status: TaskStatus;
};

export type TimelineRow = {
	readonly label: string;
	/** In order of time, none over another. */
	readonly spans: readonly TimelineSpan[];
	/** Position of the task in the run; of an agent's row that of its last attempt. */
	readonly task?: number;
};

/** One row a task, in file order: how long it waited, and each attempt. */
export function rowsByTask({tasks, createdAt}: Pick<RunDetail, 'tasks' | 'createdAt'>): readonly TimelineRow[] {
	const ends = new Map(tasks.map(({name, endedAt}) => [name, endedAt]));
	return tasks.map((task, at) => {
		const readyAt = readyTime(task, ends, createdAt);
		const [first] = task.attempts;
		const spans: TimelineSpan[] = [];
		if (readyAt !== undefined && task.takenFrom === undefined) spans.push(...wait(readyAt, first?.assignedAt ?? task.endedAt, task.status));
		for (const [index, attempt] of task.attempts.entries()) {
			const before = task.attempts[index - 1]?.endedAt;
			if (before !== undefined) spans.push(...wait(before, attempt.assignedAt, 'waiting'));
			spans.push(spanOf(attempt));
		}
		const last = task.attempts.at(-1);
		if (last?.endedAt !== undefined && task.endedAt === undefined) spans.push({from: last.endedAt, kind: 'waits', status: task.status});
		return {label: labelOf(task.name), spans, task: at};
	});
}

/** One row a slot in use, by agent: what ran there. */
export function rowsByAgent({tasks}: Pick<RunDetail, 'tasks'>): readonly TimelineRow[] {
	const attempts = tasks.flatMap((task, at) => task.attempts.map(attempt => ({attempt, task: at})));
	const byAgent = Map.groupBy(
		attempts.sort((a, b) => a.attempt.assignedAt - b.attempt.assignedAt),
		({attempt}) => attempt.agent,
	);
	return [...byAgent.entries()]
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.flatMap(([agent, of]) => {
			const slots: Array<typeof of> = [];
			for (const one of of) {
				const free = slots.find(slot => (slot.at(-1)?.attempt.endedAt ?? Number.POSITIVE_INFINITY) <= one.attempt.assignedAt);
				if (free === undefined) slots.push([one]);
				else free.push(one);
			}
			return slots.map((slot, at) => ({
				label: labelOf(slots.length === 1 ? agent : `${agent} #${at + 1}`),
				spans: slot.map(({attempt}) => spanOf(attempt)),
				...(slot.at(-1) !== undefined && {task: slot.at(-1)?.task ?? 0}),
			}));
		});
}

/** The status of a task that runs such an attempt, or has ended with it. */
export const attemptStatus: Readonly<Record<AttemptStatus, TaskStatus>> = {
	assigned: 'running',
	running: 'running',
	succeeded: 'succeeded',
	failed: 'failed',
	timed_out: 'failed',
	cancelled: 'cancelled',
	lost: 'failed',
};

function spanOf({status, assignedAt, endedAt}: AttemptDetail): TimelineSpan {
	return {from: assignedAt, ...(endedAt !== undefined && {to: Math.max(assignedAt, endedAt)}), kind: 'runs', status: attemptStatus[status]};
}

function wait(from: number, to: number | undefined, status: TaskStatus): TimelineSpan[] {
	if (to !== undefined && to <= from) return [];
	return [{from, ...(to !== undefined && {to}), kind: 'waits', status}];
}

/** Since when nothing but an agent is missing; undefined: something that it depends on has not ended. */
function readyTime({dependsOn}: TaskDetail, ends: ReadonlyMap<string, number | undefined>, createdAt: number): number | undefined {
	let latest = createdAt;
	for (const name of dependsOn) {
		const end = ends.get(name);
		if (end === undefined) return undefined;
		latest = Math.max(latest, end);
	}
	return latest;
}

function labelOf(name: string): string {
	return printable(name, false).replaceAll('\t', ' ');
}
