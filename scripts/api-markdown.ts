/** docs/api.md, made of the OpenAPI document. */

type Schema = {
	readonly $ref?: string;
	readonly type?: string | readonly string[];
	readonly description?: string;
	readonly enum?: readonly string[];
	readonly const?: unknown;
	readonly items?: Schema;
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly additionalProperties?: Schema | boolean;
	readonly required?: readonly string[];
	readonly anyOf?: readonly Schema[];
	readonly default?: unknown;
	readonly minimum?: number;
	readonly maximum?: number;
};
type Content = Readonly<Record<string, {readonly schema: Schema; readonly example?: unknown}>>;
type Response = {
	readonly $ref?: string;
	readonly description: string;
	readonly headers?: Readonly<Record<string, {readonly description: string}>>;
	readonly content?: Content;
};
type Parameter = {
	readonly name: string;
	readonly in: 'path' | 'query' | 'header';
	readonly description?: string;
	readonly schema: Schema;
};
type Operation = {
	readonly summary: string;
	readonly description?: string;
	readonly tags: readonly string[];
	readonly security: ReadonlyArray<Readonly<Record<string, unknown>>>;
	readonly parameters?: readonly Parameter[];
	readonly requestBody?: {readonly required: boolean; readonly description: string; readonly content: Content};
	readonly responses: Readonly<Record<string, Response>>;
};
export type OpenApi = {
	readonly info: {readonly description: string};
	readonly tags: ReadonlyArray<{readonly name: string; readonly description: string}>;
	readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
	readonly components: {
		readonly schemas: Readonly<Record<string, Schema>>;
		readonly responses: Readonly<Record<string, Response>>;
		readonly securitySchemes: Readonly<Record<string, {readonly description: string}>>;
	};
};

export function apiMarkdown({info, tags, paths, components}: OpenApi): string {
	const calls = Object.entries(paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({path, method: method.toUpperCase(), operation})),
	);
	return [
		'# HTTP API',
		'<!-- Made by `npm run docs` from the OpenAPI document: change the routes in source/server, not this file. -->',
		`${info.description} The orchestrator serves the OpenAPI document itself at \`GET /openapi.json\`.`,
		table(
			['token', 'what it is'],
			Object.entries(components.securitySchemes).map(([name, of]) => [`\`${name}\``, of.description]),
		),
		...tags
			.filter(({name}) => calls.some(({operation}) => operation.tags.includes(name)))
			.flatMap(({name, description}) => [
				`## ${name[0]?.toUpperCase()}${name.slice(1)}`,
				description,
				...calls
					.filter(({operation}) => operation.tags.includes(name))
					.flatMap(({path, method, operation}) => callText(method, path, operation)),
			]),
		'## Refusals',
		'The body of each is a `ProblemDetails`. What a call refuses for reasons of its own stands with it.',
		table(
			['status', 'what it means'],
			Object.values(components.responses).map(({description, content}) => [String(statusOf(content)), description]),
		),
		'## Values',
		...Object.entries(components.schemas).flatMap(([name, schema]) => schemaText(name, schema)),
	]
		.join('\n\n')
		.concat('\n');
}

function callText(
	method: string,
	path: string,
	{summary, description, security, parameters = [], requestBody, responses}: Operation,
): string[] {
	const tokens = security.flatMap(of => Object.keys(of)).map(name => `\`${name}\``);
	const asks = tokens.length === 0 ? 'Asks for no token.' : `Token: ${tokens.join(' or ')}.`;
	const own = Object.entries(responses).filter(([, {$ref}]) => $ref === undefined);
	const shared = Object.entries(responses).flatMap(([status, {$ref}]) => ($ref === undefined ? [] : status));
	return [
		`### ${method} ${path}`,
		[`${summary}.`, description, asks].filter(Boolean).join(' '),
		...(parameters.length === 0 ? [] : [table(['parameter', 'type', 'what it is'], parameters.map(parameterRow))]),
		...(requestBody === undefined ? [] : bodyText(requestBody)),
		table(
			['status', 'body', 'what it means'],
			[
				...own.map(([status, of]) => [status, contentText(of.content), headedText(of)]),
				[shared.join(', '), '`ProblemDetails`', 'See [refusals](#refusals).'],
			],
		),
		...own.flatMap(([status, {content = {}}]) => Object.values(content).flatMap(({example}) => exampleText(`A ${status}:`, example))),
	];
}

function parameterRow({name, in: where, schema, description = ''}: Parameter): string[] {
	const shown = {path: name, query: `?${name}=`, header: `${name}:`}[where];
	return [`\`${shown}\``, typeText(schema), description];
}

function bodyText({required, description, content}: NonNullable<Operation['requestBody']>): string[] {
	const forms = Object.entries(content).map(([type, {schema}]) => `${typeText(schema)} (\`${type}\`)`);
	return [
		`Body${required ? '' : ' (may be missing)'}: ${forms.join(', or ')}. ${description}`,
		...Object.values(content).flatMap(({example}) => exampleText(undefined, example)),
	];
}

function contentText(content: Content = {}): string {
	return Object.entries(content)
		.map(([type, {schema}]) => (type.endsWith('json') && !type.includes('ndjson') ? typeText(schema) : `${typeText(schema)} (\`${type}\`)`))
		.join(', or ');
}

function headedText({description, headers = {}}: Response): string {
	return [description, ...Object.entries(headers).map(([name, of]) => `\`${name}\`: ${of.description}`)].join(' ');
}

function exampleText(title: string | undefined, example: unknown): string[] {
	if (example === undefined) return [];
	const isText = typeof example === 'string';
	const text = isText ? example.trimEnd() : JSON.stringify(example, undefined, 2);
	return [...(title === undefined ? [] : [title]), `\`\`\`${isText ? 'yaml' : 'json'}\n${text}\n\`\`\``];
}

function schemaText(name: string, schema: Schema): string[] {
	const {description = '', properties, required = []} = schema;
	if (properties === undefined) return [`### ${name}`, [description, `${typeText(schema)}.`].filter(Boolean).join(' ')];
	const rows = Object.entries(properties).map(([key, of]) => [
		`\`${key}\`${required.includes(key) ? '' : '?'}`,
		typeText(of),
		of.description ?? '',
	]);
	return [`### ${name}`, ...(description === '' ? [] : [description]), table(['key', 'type', 'what it is'], rows)];
}

function typeText(schema: Schema): string {
	const {$ref, anyOf, items, properties, additionalProperties, type} = schema;
	if ($ref !== undefined) return linkTo($ref.split('/').at(-1) ?? '');
	if (anyOf !== undefined) return anyOf.map(typeText).join(' or ');
	if (schema.enum !== undefined) return schema.enum.map(word => `\`${word}\``).join(', ') + defaultText(schema);
	if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
	if (items !== undefined) return `list of ${typeText(items)}`;
	if (properties !== undefined) return `\`{${Object.keys(properties).join(', ')}}\`${inside(properties)}`;
	if (typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0)
		return `object of ${typeText(additionalProperties)}`;
	return `${type ?? 'anything'}${rangeText(schema)}${defaultText(schema)}`;
}

function inside(properties: Readonly<Record<string, Schema>>): string {
	const lists = Object.entries(properties).filter(([, {items}]) => items !== undefined);
	return lists.length === 0 ? '' : ` (${lists.map(([key, of]) => `\`${key}\`: ${typeText(of)}`).join('; ')})`;
}

function linkTo(name: string): string {
	return `[\`${name}\`](#${name.toLowerCase()})`;
}

function rangeText({minimum, maximum}: Schema): string {
	if (minimum === undefined) return '';
	return maximum === undefined ? ` from ${minimum} on` : ` from ${minimum} to ${maximum}`;
}

function defaultText({default: value}: Schema): string {
	return value === undefined ? '' : `; default \`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function statusOf(content: Content | undefined): unknown {
	const example = Object.values(content ?? {})[0]?.example;
	return typeof example === 'object' && example !== null && 'status' in example ? example.status : '';
}

function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
	const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
	return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
