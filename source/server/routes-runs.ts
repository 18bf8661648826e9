import {isAbsolute} from 'node:path';
import type {H3Event} from 'h3';
import {HTTPError} from 'h3';
import * as z from 'zod';
import {ByoaiError} from '../model/error.ts';
import type {RunDetail} from '../protocol/views.ts';
import type {Route} from './request.ts';
import {pathParam, queryNumber, readBody, readQuery, readText} from './request.ts';
import type {Services} from './services.ts';
import type {Submission} from './submit.ts';
import {Submissions} from './submit.ts';
import {readWorkflowFile} from './workflow-files.ts';

const params = z.record(z.string(), z.unknown()).optional();
const inDirectory = z.strictObject({workflow: z.string().min(1).max(4096), params});
const inline = z.strictObject({workflow: z.record(z.string(), z.unknown()), params});
const whole = z.strictObject({
	text: z.string(),
	file: z.string().min(1).max(4096).optional(),
	directory: z.string().max(4096).refine(isAbsolute, 'must be an absolute path'),
	params,
	resume: z.boolean().optional(),
});

const listQuery = z.strictObject({
	status: z.enum(['pending', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled']).optional(),
	limit: queryNumber(1, 1000).default(50),
	before: z.string().min(1).max(100).optional(),
});

/** The body may be missing. */
const cancellation = z.strictObject({reason: z.string().min(1).max(1000).optional()}).optional();

/** Starting, listing, showing and cancelling runs. `:id` is an id, a unique prefix of one, or `latest`. */
export function runRoutes(services: Services): Route[] {
	const {history, limits} = services;
	const submissions = new Submissions(services);
	return [
		{
			// The original's call: a file of the workflow directory; the reply says only that it began, `Location` which run it is.
			method: 'POST',
			path: '/workflow',
			access: 'token',
			async handle(event) {
				const {workflow, params} = await readBody(event, inDirectory, limits, 'request_bytes');
				const file = await readWorkflowFile(services.workflowDir, workflow, limits.workflow_bytes);
				const {run} = await submissions.submit({...file, params});
				event.res.headers.set('location', `/v1/runs/${run}`);
				return {status: 'workflow execution started'};
			},
		},
		{
			// 201 with the run; 200 when `resume` found it active already.
			method: 'POST',
			path: '/v1/runs',
			access: 'token',
			async handle(event) {
				const {run, resumed} = await submissions.submit(await readSubmission(event, services));
				event.res.status = resumed ? 200 : 201;
				event.res.headers.set('location', `/v1/runs/${run}`);
				return history.detail(run);
			},
		},
		{
			// Reply: `{"runs": RunRow[]}`, newest first; `before` is the id of the last run of the page before.
			method: 'GET',
			path: '/v1/runs',
			access: 'token',
			handle(event) {
				const {status, limit, before} = readQuery(event, listQuery);
				return {runs: history.list({limit, ...(status && {status}), ...(before !== undefined && {before})})};
			},
		},
		{
			method: 'GET',
			path: '/v1/runs/:id',
			access: 'token',
			handle(event) {
				readQuery(event, z.strictObject({}));
				return history.detail(history.resolve(pathParam(event, 'id')));
			},
		},
		{
			// 202 with the run: it ends when what runs has been stopped.
			method: 'POST',
			path: '/v1/runs/:id/cancel',
			access: 'token',
			async handle(event) {
				const body = await readBody(event, cancellation, limits, 'request_bytes');
				const detail = await cancel(services, pathParam(event, 'id'), body?.reason ?? 'cancelled through the API');
				event.res.status = 202;
				return detail;
			},
		},
	];
}

/** The three forms of a workflow: YAML, a file of the workflow directory or an object in JSON, and text with all that goes with it. */
async function readSubmission(event: H3Event, {limits, workflowDir}: Services): Promise<Submission> {
	const type = event.req.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
	const directory = process.cwd();
	if (/^(application|text)\/(x-)?yaml$/.test(type)) return {text: await readText(event, limits, 'request_bytes'), directory};
	if (type !== 'application/json') {
		throw new HTTPError({status: 415, message: `send application/yaml or application/json, not ${type || 'a body without a type'}`});
	}
	const body = await readBody(event, z.union([inDirectory, inline, whole]), limits, 'request_bytes');
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
