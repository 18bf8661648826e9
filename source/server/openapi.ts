import type * as z from 'zod';
import type {Content} from './body.ts';
import type {Json, JsonSchemas} from './json-schemas.ts';
import {jsonSchemas} from './json-schemas.ts';
import type {Refusal} from './refusals.ts';
import {refusalsOf} from './refusals.ts';
import type {Param, Reply, Route} from './route.ts';
import {problemDetails} from './schemas/problem.ts';

const tags: Readonly<Record<Route['tag'], string>> = {
	agents: 'Programs that execute attempts: register, exchange, list.',
	workflows: 'Files of the workflow directory.',
	runs: 'Executions of workflows: start, list, show, cancel.',
	logs: 'Output of tasks, whole or as it comes.',
	events: 'Changes of runs, tasks and agents as they happen.',
	service: 'The orchestrator itself.',
};

const about = [
	'Runs YAML workflows of tasks across agents. Times are milliseconds since 1970 unless they say otherwise.',
	'Errors are RFC 9457 problem details whose `code` is a word of a closed set.',
	'Where the orchestrator has no token, none is asked for, but no web page is served: `Host` must be an IP address, `localhost` or a name without dots, and a foreign `Origin` gets 403.',
].join(' ');

/** The OpenAPI 3.1 document of these routes: what it says of requests is what they are checked by. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
	const schemas = jsonSchemas(new Set(routes.flatMap(schemasOf)));
	return {
		openapi: '3.1.0',
		info: {
			title: 'BYOAI Orchestrator',
			version,
			description: about,
			license: {name: 'MIT', identifier: 'MIT'},
		},
		servers: [{url: '/', description: 'The orchestrator that serves this document.'}],
		tags: Object.entries(tags).map(([name, description]) => ({name, description})),
		paths: pathsOf(routes, schemas),
		components: {
			schemas: schemas.named,
			responses: responsesOf(routes, schemas.of(problemDetails)),
			securitySchemes: {
				token: {
					type: 'http',
					scheme: 'bearer',
					description: "The orchestrator's token (`BYOAI_TOKEN`), where it has one: good for everything.",
				},
				agentToken: {
					type: 'http',
					scheme: 'bearer',
					description:
						'The token that an agent got from the orchestrator that deployed it: good for what it says of itself, and nothing else.',
				},
			},
		},
	};
}

function schemasOf({query, body, replies}: Route): z.ZodType[] {
	const ofReplies = Object.values(replies).flatMap(({schema, also}) => [schema, also?.schema]);
	return [query, ...(body?.content ?? []).map(({schema}) => schema), ...ofReplies].filter(schema => schema !== undefined);
}

function pathsOf(routes: readonly Route[], schemas: JsonSchemas): Json {
	const paths = Map.groupBy(routes, ({path}) => path.replace(/(?:\*\*)?:(\w+)/g, '{$1}'));
	return Object.fromEntries(
		[...paths].map(([path, ofPath]) => [
			path,
			Object.fromEntries(ofPath.map(route => [route.method.toLowerCase(), operationOf(route, schemas)])),
		]),
	);
}

function operationOf(route: Route, schemas: JsonSchemas): Json {
	const {id, summary, description, tag, params, headers = {}, query, body, replies} = route;
	const parameters = [
		...Object.entries(params).map(([name, param]) => ({...textParameter(name, param), in: 'path', required: true})),
		...Object.entries(headers).map(([name, param]) => ({...textParameter(name, param), in: 'header', required: false})),
		...(query === undefined ? [] : queryParameters(query, schemas)),
	];
	const refusals = refusalsOf(route).filter(({status}) => replies[status] === undefined);
	return {
		operationId: id,
		summary,
		...(description !== undefined && {description}),
		tags: [tag],
		security: securityOf(route),
		...(parameters.length > 0 && {parameters}),
		...(body !== undefined && {
			requestBody: {
				required: body.optional !== true,
				description: `At most \`${body.limit}\` bytes.`,
				content: Object.fromEntries(body.content.map(content => [content.types[0], contentOf(content, schemas)])),
			},
		}),
		responses: Object.fromEntries([
			...Object.entries(replies).map(([status, reply]) => [status, replyOf(Number(status), reply, schemas)]),
			...refusals.map(({status, name}) => [String(status), {$ref: `#/components/responses/${name}`}]),
		]),
	};
}

function securityOf({access}: Route): readonly Json[] {
	if (access === 'anyone' || access === 'public') return [];
	return access === 'agent' ? [{token: []}, {agentToken: []}] : [{token: []}];
}

function textParameter(name: string, {description, example}: Param): Json {
	return {name, description, schema: {type: 'string'}, example};
}

function queryParameters(query: z.ZodObject, schemas: JsonSchemas): Json[] {
	const {properties, required = []} = schemas.of(query) as {properties: Record<string, Json>; required?: readonly string[]};
	return Object.entries(properties).map(([name, {description, ...schema}]) => ({
		...{name, in: 'query', required: required.includes(name)},
		...(description !== undefined && {description}),
		schema,
	}));
}

function contentOf({schema, example}: Content, schemas: JsonSchemas): Json {
	return {schema: schemas.of(schema), example};
}

function replyOf(status: number, {description, schema, contentType, headers = {}, example, also}: Reply, schemas: JsonSchemas): Json {
	const isProblem = status >= 400;
	const type = contentType ?? (isProblem ? 'application/problem+json' : 'application/json');
	const of = schema ?? (isProblem ? problemDetails : undefined);
	const names = Object.entries(headers);
	return {
		description,
		...(names.length > 0 && {
			headers: Object.fromEntries(names.map(([name, text]) => [name, {description: text, schema: {type: 'string'}}])),
		}),
		...(of !== undefined && {
			content: {
				[type]: {schema: schemas.of(of), ...(example !== undefined && {example})},
				...(also && {[also.contentType]: {schema: schemas.of(also.schema)}}),
			},
		}),
	};
}

/** Refusals that many routes share, by name. */
function responsesOf(routes: readonly Route[], schema: Json): Json {
	return Object.fromEntries(
		allRefusals(routes).map(({name, status, description, headers = {}, example}) => [
			name,
			{
				description,
				...(Object.keys(headers).length > 0 && {
					headers: Object.fromEntries(Object.entries(headers).map(([of, text]) => [of, {description: text, schema: {type: 'string'}}])),
				}),
				content: {
					'application/problem+json': {
						schema,
						example: {
							type: 'about:blank',
							title: example.title,
							status,
							detail: example.detail,
							code: example.code,
							...(example.errors && {errors: example.errors}),
						},
					},
				},
			},
		]),
	);
}

function allRefusals(routes: readonly Route[]): Refusal[] {
	return [...new Set(routes.flatMap(refusalsOf))].sort((a, b) => a.status - b.status);
}
