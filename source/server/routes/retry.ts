import * as z from 'zod';
import type {Run} from '../../model/run.ts';
import type {RetryPlan} from '../../protocol/views.ts';
import type {RerunChoice} from '../../scheduler/rerun.ts';
import {planRerun} from '../../scheduler/rerun.ts';
import {json} from '../body.ts';
import {exampleRunDetail} from '../examples.ts';
import {runParam} from '../params.ts';
import {queryFlag} from '../query.ts';
import type {Route} from '../route.ts';
import {route} from '../route.ts';
import {location, requestOf, runReply} from '../run-reply.ts';
import {runDetail} from '../schemas/row.ts';
import type {Services} from '../services.ts';
import {named} from '../shape.ts';
import type {Submissions} from '../submit.ts';
import {refuseActive} from '../submit.ts';
import {taskIndex} from '../tasks.ts';

const taskName = z.string().min(1).max(1000);
const choice = named(
	'RetryChoice',
	z
		.strictObject({
			from: taskName.describe('This task and all that comes after it run again, also what succeeded.').optional(),
			only: taskName.describe('This task runs, and no other, whatever it depends on.').optional(),
		})
		.refine(({from, only}) => from === undefined || only === undefined, 'has either from or only, not both'),
);

const plan = named(
	'RetryPlan',
	z.object({
		retryOf: z.string().describe('The run that would be retried.'),
		tasks: z.array(z.object({name: z.string(), action: z.enum(['run', 'keep', 'skip'])})).describe('In file order.'),
	}) satisfies z.ZodType<RetryPlan>,
);

/** Retrying an ended run: it stays as it is, and a new one takes over what succeeded. */
export function retryRoute(services: Services, submissions: Submissions): Route {
	const {history} = services;
	return route({
		method: 'POST',
		path: '/v1/runs/:id/retry',
		id: 'retryRun',
		summary: 'Retry an ended run as a new one',
		description: [
			'The new run has the same tasks and params. What succeeded is taken over and keeps its output where it is; the rest runs, and with it',
			'all that depends on it. `from` and `only` choose otherwise. With `dry_run` nothing begins: the reply tells what would run.',
			'`Idempotency-Key` is taken as for a new run.',
		].join(' '),
		tag: 'runs',
		access: 'token',
		params: {id: runParam},
		query: z.strictObject({dry_run: queryFlag.describe('Only tell what would run.')}),
		body: {limit: 'request_bytes', content: [json(choice, {from: 'build'})], optional: true},
		replies: {
			201: {description: 'The new run.', schema: runDetail, headers: location, example: exampleRunDetail},
			200: {
				description: 'With `dry_run`: what would run. Else the new run, which was there already.',
				schema: z.union([plan, runDetail]),
				example: {retryOf: exampleRunDetail.id, tasks: [{name: 'build', action: 'keep'}]},
			},
			404: {description: 'There is no such run, or no such task.'},
			409: {description: 'The run has not ended, nothing is left to retry, or the prefix is one of several runs.'},
		},
		handle({params, query, body, req, res}) {
			const run = history.run(history.resolve(params.id));
			const chosen = choiceOf(run, body ?? {});
			refuseActive(run);
			if (query.dry_run) return tellPlan(run, chosen);
			return submissions.retry(run, chosen, requestOf(req)).then(submitted => runReply(submitted, res, services));
		},
	});
}

function choiceOf(run: Run, {from, only}: z.output<typeof choice>): RerunChoice {
	return {
		...(from !== undefined && {from: taskIndex(run, from)}),
		...(only !== undefined && {only: taskIndex(run, only)}),
	};
}

function tellPlan(run: Run, chosen: RerunChoice): RetryPlan {
	const tasks = planRerun(run, chosen).map((action, index) => ({name: run.workflow.tasks[index]?.name ?? '', action}));
	return {retryOf: run.id, tasks};
}
