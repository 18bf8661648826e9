import * as fc from 'fast-check';
import type {Route} from '../../source/server/route.ts';
import type {Edit} from './texts.ts';
import {anyEdits, anyText, edited} from './texts.ts';

/** A request to a route, in the form in which both a `fetch` and a socket can send it. */
export type WildRequest = {
	readonly method: string;
	/** Path and query, percent-encoded or not. */
	readonly target: string;
	readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
	readonly body: Buffer | undefined;
};

/** Names of what is there, by parameter, so that requests get beyond the first look-up. */
export type Known = Readonly<Record<string, readonly string[]>>;

const loneByte = fc.constantFrom(
	'%',
	'%0',
	'%00',
	'%ff',
	'%c3%28',
	'%2e%2e',
	'%2f',
	'%u0041',
	'%F0%9F%92%A5',
	'*',
	'.',
	'..',
	';',
	'\\',
	'%0d%0a',
	'__proto__',
	'x'.repeat(3000),
);
const pathText = fc.oneof(
	{weight: 2, arbitrary: loneByte},
	anyText.map(text => encoded(text.slice(0, 4000))),
	fc.tuple(loneByte, loneByte).map(parts => parts.join('')),
);

/** Half surrogate pairs have no UTF-8. */
function encoded(text: string): string {
	return encodeURIComponent(text.toWellFormed());
}

const queryValue = fc.oneof(
	fc.constantFrom(
		'',
		'true',
		'false',
		'0',
		'1',
		'-1',
		'1e3',
		'9'.repeat(30),
		'latest',
		'text',
		'ndjson',
		'stdout',
		'running',
		'10m',
		'2026-01-31T12:00:00Z',
		'99999999d',
		'%',
	),
	pathText,
);

function anyQuery({query}: Route): fc.Arbitrary<string> {
	const names = Object.keys(query?.shape ?? {});
	const name =
		names.length === 0 ? pathText : fc.oneof({weight: 6, arbitrary: fc.constantFrom(...names)}, {weight: 1, arbitrary: pathText});
	const pair = fc.tuple(name, queryValue).map(([key, value]) => `${key}=${value}`);
	return fc.oneof(
		{weight: 2, arbitrary: fc.constant('')},
		fc.array(pair, {minLength: 1, maxLength: 4}).map(pairs => `?${pairs.join('&')}`),
	);
}

function anyPath({path, params}: Route, known: Known): fc.Arbitrary<string> {
	const parts = path.split('/').map(part => {
		const name = /^(?:\*\*)?:(\w+)$/.exec(part)?.[1];
		if (name === undefined) return fc.constant(part);
		const names = [...(known[name] ?? []), params[name]?.example ?? 'x'].map(encoded);
		return fc.oneof({weight: 4, arbitrary: fc.constantFrom(...names)}, {weight: 1, arbitrary: pathText});
	});
	return fc.oneof(
		{weight: 12, arbitrary: fc.tuple(...parts).map(all => all.join('/'))},
		{
			weight: 1,
			arbitrary: fc
				.tuple(fc.tuple(...parts), fc.constantFrom('/', '//', '/..', '/.', '/x', '%2f', '\\', ';a', '#f'))
				.map(([all, tail]) => all.join('/') + tail),
		},
	);
}

const encodings: ReadonlyArray<(text: string) => Buffer> = [
	text => Buffer.from(text),
	text => Buffer.from(text),
	text => Buffer.from(text),
	text => Buffer.from(`\ufeff${text}`),
	text => Buffer.from(text, 'utf16le'),
	text => Buffer.from(text, 'latin1'),
	text => Buffer.from(text).subarray(0, -1),
	text => Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xfe])]),
	text => Buffer.from(`${text} ${text}`),
];

/** The example of a body with a few edits; where the route knows several forms, any of them. */
function anyBody({body}: Route): fc.Arbitrary<Buffer | undefined> {
	if (body === undefined)
		return fc.oneof(
			{weight: 5, arbitrary: fc.constant(undefined)},
			anyText.map(text => Buffer.from(text)),
		);
	const example = fc.constantFrom(...body.content.map(({example}) => example));
	const text = fc.tuple(example, anyEdits).map(([value, edits]) => textOf(value, edits));
	return fc.oneof(
		{weight: 8, arbitrary: fc.tuple(text, fc.constantFrom(...encodings)).map(([whole, encode]) => encode(whole))},
		{weight: 1, arbitrary: fc.uint8Array({maxLength: 60}).map(bytes => Buffer.from(bytes))},
		{weight: 1, arbitrary: fc.constantFrom('[', '{"a":').map(open => Buffer.from(open.repeat(20_000)))},
		{weight: 1, arbitrary: fc.constant(undefined)},
	);
}

function textOf(value: unknown, edits: readonly Edit[]): string {
	const changed = edited(value, edits);
	return (typeof changed === 'string' ? changed : JSON.stringify(changed)).toWellFormed();
}

const types = fc.constantFrom(
	...[
		'application/json',
		'application/json',
		'application/json',
		'application/yaml',
		'application/yaml',
		'text/plain',
		'',
		';',
		'application/x-www-form-urlencoded',
	],
	...['application/json; charset=utf-16', 'multipart/form-data; boundary=x', 'application/+json', 'x'.repeat(2000), 'APPLICATION/JSON'],
);

/** Values that a header may have by its grammar. */
const headerText = fc.oneof(
	fc.string({unit: fc.integer({min: 0x20, max: 0x7e}).map(code => String.fromCharCode(code)), maxLength: 30}),
	fc.constantFrom('\u00ff\u0080', '0', '-1', 'x'.repeat(3000), '*', 'gzip', 'null', ','),
);
const header: fc.Arbitrary<readonly [string, string]> = fc.tuple(
	fc.constantFrom(
		...[
			'authorization',
			'origin',
			'last-event-id',
			'idempotency-key',
			'accept',
			'accept-encoding',
			'content-encoding',
			'x-forwarded-for',
			'x-http-method-override',
			'range',
		],
		...['cookie', 'if-none-match', 'transfer-encoding-x', 'upgrade-insecure-requests', 'forwarded', 'byoai-epoch'],
	),
	fc.oneof(
		headerText,
		fc.constantFrom(
			'Bearer x',
			'Bearer ',
			'Basic x',
			'http://evil.example',
			'null',
			'life-one-0',
			'life-one-99999999999999999',
			'life-one--1',
		),
	),
);

/** A request to one of these routes: most pass the door. */
export function anyRequest(routes: readonly Route[], known: Known): fc.Arbitrary<WildRequest> {
	const ofRoute = routes.map(route => {
		const method = fc.oneof(
			{weight: 12, arbitrary: fc.constant<string>(route.method)},
			fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'BREW'),
		);
		const headers = fc
			.tuple(types, fc.array(header, {maxLength: 2}))
			.map(([type, others]): ReadonlyArray<readonly [string, string]> => [['content-type', type], ...others]);
		const target = fc.tuple(anyPath(route, known), anyQuery(route)).map(parts => parts.join(''));
		return fc.record({method, target, headers, body: anyBody(route)});
	});
	return fc.oneof(...ofRoute);
}

/** Without a socket; undefined where no such request can be made. */
export function asFetch({method, target, headers, body}: WildRequest): Request | undefined {
	try {
		const hasBody = body !== undefined && method !== 'GET' && method !== 'HEAD';
		return new Request(`http://127.0.0.1:5001${target}`, {
			method,
			headers: headers.map(([name, value]) => [name, value]),
			...(hasBody && {body: new Uint8Array(body)}),
		});
	} catch (error) {
		if (error instanceof TypeError) return undefined;
		throw error;
	}
}
