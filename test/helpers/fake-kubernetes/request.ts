import type {IncomingMessage} from 'node:http';
import type {Access} from './access.ts';
import type {Resource} from './objects.ts';
import {resources} from './objects.ts';
import {badRequest, StatusError} from './status.ts';

/** A request for something of the API, taken apart. */
export type ApiRequest = Access & {
	readonly kind: Resource;
	readonly query: URLSearchParams;
	/** What follows `/proxy`. */
	readonly rest: string;
	readonly request: IncomingMessage;
};

const pathPattern =
	/^(?:\/api\/(?<core>v1)|\/apis\/(?<group>[^/]+)\/(?<version>[^/]+))(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[a-z]+)(?:\/(?<name>[^/]+)(?:\/(?<sub>[a-z]+)(?<rest>\/.*)?)?)?$/;
const verbs: Readonly<Record<string, string>> = {POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete'};

/** Undefined: it is no path of a kind of objects that is known here. */
export function parseRequest(request: IncomingMessage, url: URL): ApiRequest | undefined {
	const found = pathPattern.exec(url.pathname)?.groups;
	// A namespace itself looks like one that holds something.
	const self = /^\/api\/v1\/namespaces(?:\/(?<name>[^/]+))?$/.exec(url.pathname)?.groups;
	const {
		core,
		group = '',
		version,
		namespace = '',
		resource = '',
		sub = '',
		rest = '',
	} = (self ? {core: 'v1', resource: 'namespaces'} : found) ?? {};
	const name = decodeURIComponent((self ?? found)?.name ?? '');
	const kind = resources.find(each => each.name === resource && each.group === group && each.version === (core ?? version));
	if (kind === undefined) return undefined;
	const isWatch = ['true', '1'].includes(url.searchParams.get('watch') ?? '');
	const ofMany = isWatch ? 'watch' : 'list';
	const reading = name === '' ? ofMany : 'get';
	const method = request.method ?? 'GET';
	const verb = method === 'GET' || method === 'HEAD' ? reading : (verbs[method] ?? method.toLowerCase());
	return {
		kind,
		group,
		resource,
		namespace: decodeURIComponent(namespace),
		name,
		subresource: sub,
		rest,
		query: url.searchParams,
		request,
		verb: verb === 'delete' && name === '' ? 'deletecollection' : verb,
	};
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
	return Buffer.concat(chunks);
}

export async function readJson<T>(request: IncomingMessage): Promise<T | undefined> {
	const body = await readBody(request);
	if (body.length === 0) return undefined;
	const type = request.headers['content-type'] ?? '';
	if (!/json|yaml/.test(type)) {
		throw new StatusError(
			415,
			'UnsupportedMediaType',
			`the body of the request was in an unknown format - accepted media types include: application/json`,
		);
	}
	try {
		return JSON.parse(body.toString());
	} catch (error) {
		throw badRequest(`couldn't get version/kind; json parse error: ${String(error)}`);
	}
}
