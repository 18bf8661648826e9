import * as z from 'zod';
import {exampleWorkflow, exampleWorkflowRow} from '../examples.ts';
import type {Route} from '../route.ts';
import {route} from '../route.ts';
import {workflowDetail, workflowRow} from '../schemas/workflow.ts';
import type {Services} from '../services.ts';
import {describeWorkflow, listWorkflows} from '../workflow-list.ts';

/** What the workflow directory (`WORKFLOW_DIR`) holds. */
export function workflowRoutes(services: Services): Route[] {
	return [listRoute(services), detailRoute(services)];
}

function listRoute(services: Services): Route {
	return route({
		method: 'GET',
		path: '/v1/workflows',
		id: 'listWorkflows',
		summary: 'List the workflow files',
		description: 'Those of the workflow directory and of the directories below it, by name, each with its params and problems.',
		tag: 'workflows',
		access: 'token',
		replies: {
			200: {
				description: 'The files; `more`: there are more than the limit `listed_workflows` permits, which are left out.',
				schema: z.object({directory: z.string(), workflows: z.array(workflowRow), more: z.literal(true).exactOptional()}),
				example: {directory: '/srv/workflows', workflows: [exampleWorkflowRow]},
			},
		},
		async handle() {
			const {workflows, more} = await listWorkflows(services);
			return {directory: services.workflowDir, workflows, ...(more && {more})};
		},
	});
}

function detailRoute(services: Services): Route {
	return route({
		method: 'GET',
		path: '/v1/workflows/**:file',
		id: 'getWorkflow',
		summary: 'Show a workflow file',
		tag: 'workflows',
		access: 'token',
		params: {file: {description: 'A file of the workflow directory: `hello.yml`, or `sub/hello.yml` of one below.', example: 'hello.yml'}},
		replies: {
			200: {
				description: 'The file with its text.',
				schema: workflowDetail,
				example: {...exampleWorkflowRow, text: exampleWorkflow},
			},
			404: {description: 'There is no such file in the workflow directory.'},
			422: {description: 'The file cannot be read: it is too large, or no text.'},
		},
		handle: ({params}) => describeWorkflow(services, params.file),
	});
}
