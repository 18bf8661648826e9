import type {SQLInputValue, SQLOutputValue} from 'node:sqlite';
import {ByoaiError} from '../model/error.ts';
import type {Attempt, Run, RunStatus} from '../model/run.ts';
import {decode, encode} from './codec.ts';
import type {RunSummary} from './store.ts';

/** Columns of a `RunSummary`, as `runSummary` takes them. */
export const summaryColumns = 'id, workflow, file, status, created_at, ended_at, reason, counts, retry_of';

/** The row of a run in `runs`. Throws `ByoaiError` (`internal`) for a run that has not ended. */
export function runRow(run: Run): Record<string, SQLInputValue> {
	if (run.endedAt === undefined) throw new ByoaiError('internal', `run ${run.id} goes into the history before it has ended`);
	const counts: Record<string, number> = {};
	for (const task of run.tasks) counts[task.status] = (counts[task.status] ?? 0) + 1;
	return {
		id: run.id,
		workflow: run.workflow.name,
		file: run.workflow.file ?? null,
		status: run.status,
		created_at: run.createdAt,
		ended_at: run.endedAt,
		reason: run.stop?.reason ?? null,
		counts: encode(counts),
		retry_of: run.retryOf ?? null,
		request_key: run.requestKey ?? null,
		run: encode(run),
	};
}

/** The rows of all attempts of a run, in order of task and attempt. */
export function* attemptRows(run: Run): Generator<Record<string, SQLInputValue>> {
	for (const [task, {attempts}] of run.tasks.entries()) {
		const name = run.workflow.tasks[task]?.name ?? '';
		for (const [index, attempt] of attempts.entries()) {
			yield {run: run.id, task, name, attempt: index + 1, ...attemptColumns(attempt)};
		}
	}
}

function attemptColumns(attempt: Attempt): Record<string, SQLInputValue> {
	return {
		agent: attempt.agent,
		status: attempt.status,
		exit_code: attempt.outcome?.exitCode ?? null,
		assigned_at: attempt.assignedAt,
		ended_at: attempt.endedAt ?? null,
		duration_ms: attempt.outcome?.durationMs ?? null,
		log_bytes: attempt.logBytes ?? null,
	};
}

export function runSummary(row: Record<string, SQLOutputValue>, file: string): RunSummary {
	const id = String(row.id);
	return {
		id,
		workflow: String(row.workflow),
		...(row.file === null ? {} : {file: String(row.file)}),
		status: String(row.status) as RunStatus,
		createdAt: Number(row.created_at),
		endedAt: Number(row.ended_at),
		counts: decode(String(row.counts), {what: `the task counts of run ${id}`, file}) as RunSummary['counts'],
		...(row.reason === null ? {} : {reason: String(row.reason)}),
		...(row.retry_of === null ? {} : {retryOf: String(row.retry_of)}),
	};
}
