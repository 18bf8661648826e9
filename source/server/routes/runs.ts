import {isAbsolute} from 'node:path';
import * as z from 'zod';
import {ByoaiError} from '../../model/error.ts';
import type {RunDetail} from '../../protocol/views.ts';
import {json, yaml} from '../body.ts';
import {exampleRun, exampleRunDetail, exampleWorkflow} from '../examples.ts';
import {runParam, runRefusals} from '../params.ts';
import type {Submission} from '../prepare.ts';
import {queryNumberOr} from '../query.ts';
import type {Route} from '../route.ts';
import {route} from '../route.ts';
import {location, requestOf, runReply} from '../run-reply.ts';
import {runDetail, runRow, runStatus} from '../schemas/row.ts';
import type {Services} from '../services.ts';
import {named} from '../shape.ts';
import type {Submissions} from '../submit.ts';
import {readWorkflowFile} from '../workflow-files.ts';

const params = z.record(z.string(), z.unknown()).describe('Values for the params that the workflow declares.').optional();
const inDirectory = named(
	'WorkflowFile',
	z.strictObject({
		workflow: z.string().min(1).max(4096).describe('A file of the workflow directory.'),
		params,
	}),
);
const inline = named(
	'InlineWorkflow',
	z.strictObject({
		workflow: z.record(z.string(), z.unknown()).describe('The workflow itself, as a workflow file would have it.'),
		params,
	}),
);
const whole = named(
	'WorkflowText',
	z.strictObject({
		text: z.string().describe('The text of a workflow file.'),
		file: z.string().min(1).max(4096).describe('As the user named it.').optional(),
		directory: z
			.string()
			.max(4096)
			.refine(isAbsolute, 'must be an absolute path')
			.describe("Absolute: where its tasks run on the orchestrator's host."),
		params,
		resume: z.boolean().describe('Take an active run of the same file, text and params instead of starting another.').optional(),
	}),
);
const submission = z.union([inDirectory, inline, whole]);

const listQuery = z.strictObject({
	status: runStatus.optional(),
	limit: queryNumberOr(50, 1, 1000).describe('The most runs.'),
	before: z
		.string()
		.regex(/^r\w{1,99}$/, 'must be the id of a run')
		.describe('The id of the last run of the page before.')
		.optional(),
});

const cancellation = named(
	'Cancellation',
	z.strictObject({reason: z.string().min(1).max(1000).describe('In words, for people.').optional()}),
);
const conflictingAgent = {description: 'A persistent agent of the same name has another specification.'};

/** Starting, listing, showing and cancelling runs. */
export function runRoutes(services: Services, submissions: Submissions): Route[] {
	return [
		workflowRoute(services, submissions),
		submitRoute(services, submissions),
		listRoute(services),
		detailRoute(services),
		cancelRoute(services),
	];
}

function workflowRoute({workflowDir, limits}: Services, submissions: Submissions): Route {
	return route({
		method: 'POST',
		path: '/workflow',
		id: 'startWorkflow',
		summary: 'Run a file of the workflow directory',
		description: 'The reply says only that it began; `Location` says which run it is.',
		tag: 'workflows',
		access: 'token',
		body: {limit: 'request_bytes', content: [json(inDirectory, {workflow: 'hello.yml', params: {}})]},
		replies: {
			200: {
				description: 'It began.',
				schema: z.object({status: z.literal('workflow execution started')}),
				headers: location,
				example: {status: 'workflow execution started'},
			},
			404: {description: 'There is no such file in the workflow directory.'},
			409: conflictingAgent,
		},
		async handle({body: {workflow, params}, res}) {
			const file = await readWorkflowFile(workflowDir, workflow, limits.workflow_bytes);
			const {run} = await submissions.submit({...file, params});
			res.headers.set('location', `/v1/runs/${run}`);
			return {status: 'workflow execution started'};
		},
	});
}

function submitRoute(services: Services, submissions: Submissions): Route {
	return route({
		method: 'POST',
		path: '/v1/runs',
		id: 'startRun',
		summary: 'Start a run',
		description: [
			'A workflow as YAML, or as JSON: a file of the workflow directory by name, an object, or text with where it comes from.',
			'With `resume` an active run of the same file, text and params is taken instead of starting another.',
			'With an `Idempotency-Key` header (any text of up to 255 characters) the same request sent again gets the same run, for as long as',
			'that is kept.',
		].join(' '),
		tag: 'runs',
		access: 'token',
		body: {limit: 'request_bytes', content: [yaml(exampleWorkflow), json(submission, {workflow: 'hello.yml'})]},
		replies: {
			201: {description: 'The run.', schema: runDetail, headers: location, example: exampleRunDetail},
			200: {description: 'The run, which was there already.', schema: runDetail, headers: location},
			422: {description: 'The workflow is not valid, or the `Idempotency-Key` came with another request before.'},
			404: {description: 'There is no such file in the workflow directory.'},
			409: conflictingAgent,
		},
		async handle({body, req, res}) {
			const request = requestOf(req);
			const submitted = await submissions.submit({...(await submissionOf(body, services)), ...(request !== undefined && {request})});
			return runReply(submitted, res, services);
		},
	});
}

function listRoute({history}: Services): Route {
	return route({
		method: 'GET',
		path: '/v1/runs',
		id: 'listRuns',
		summary: 'List runs',
		description: 'Newest first.',
		tag: 'runs',
		access: 'token',
		query: listQuery,
		replies: {200: {description: 'A page of runs.', schema: z.object({runs: z.array(runRow)}), example: {runs: [exampleRun]}}},
		handle({query: {status, limit, before}}) {
			return {runs: history.list({limit, ...(status && {status}), ...(before !== undefined && {before})})};
		},
	});
}

function detailRoute({history}: Services): Route {
	return route({
		method: 'GET',
		path: '/v1/runs/:id',
		id: 'getRun',
		summary: 'Show a run',
		tag: 'runs',
		access: 'token',
		params: {id: runParam},
		replies: {
			200: {description: 'The run with its tasks and their attempts.', schema: runDetail, example: exampleRunDetail},
			...runRefusals,
		},
		handle: ({params}) => history.detail(history.resolve(params.id)),
	});
}

function cancelRoute(services: Services): Route {
	return route({
		method: 'POST',
		path: '/v1/runs/:id/cancel',
		id: 'cancelRun',
		summary: 'Cancel a run',
		description: 'For good. The run ends when what runs has been stopped.',
		tag: 'runs',
		access: 'token',
		params: {id: runParam},
		body: {limit: 'request_bytes', content: [json(cancellation, {reason: 'wrong branch'})], optional: true},
		replies: {
			202: {description: 'The run, as it is when its cancellation is recorded.', schema: runDetail},
			404: runRefusals[404],
			409: {description: 'The run has ended already, or the prefix is one of several runs.'},
		},
		async handle({params, body, res}) {
			const detail = await cancel(services, params.id, body?.reason ?? 'cancelled through the API');
			res.status = 202;
			return detail;
		},
	});
}

/** The forms of a workflow: text is YAML. */
async function submissionOf(body: string | z.output<typeof submission>, {limits, workflowDir}: Services): Promise<Submission> {
	const directory = process.cwd();
	if (typeof body === 'string') return {text: body, directory};
	if ('text' in body) return body;
	if (typeof body.workflow !== 'string') return {text: JSON.stringify(body.workflow, undefined, 2), directory, params: body.params};
	const file = await readWorkflowFile(workflowDir, body.workflow, limits.workflow_bytes);
	return {...file, params: body.params};
}

async function cancel({engine, history, clock}: Services, name: string, reason: string): Promise<RunDetail> {
	const run = history.resolve(name);
	const refusal = await engine.offer({type: 'run-cancelled', at: clock.now(), run, reason});
	if (refusal !== undefined) throw new ByoaiError('conflict', `run ${run} has ended already`);
	return history.detail(run);
}
