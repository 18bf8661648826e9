import type {ServerResponse} from 'node:http';
import type {KubeObject} from './objects.ts';
import {apiVersionOf, matchesFields, matchesLabels} from './objects.ts';
import type {ApiRequest} from './request.ts';
import {badRequest, expired, StatusError} from './status.ts';
import type {Change, Store} from './store.ts';

/** Whether an object is among those that a request is about. */
export function isWanted({namespace, query}: ApiRequest, object: KubeObject): boolean {
	return (
		(namespace === '' || object.metadata.namespace === namespace) &&
		matchesLabels(object, query.get('labelSelector') ?? '') &&
		matchesFields(object, query.get('fieldSelector') ?? '')
	);
}

export type List = {readonly kind: string; readonly apiVersion: string; readonly metadata: object; readonly items: readonly KubeObject[]};

/** A page of a list. Its items have neither kind nor version, as with a real server. */
export function list(store: Store, wanted: ApiRequest): List {
	const {kind, query, namespace} = wanted;
	const asked = Number(query.get('resourceVersion') ?? 0);
	if (asked > store.version) {
		const details = {causes: [{reason: 'ResourceVersionTooLarge', message: 'Too large resource version'}], retryAfterSeconds: 1};
		throw new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${store.version}`, details, {
			'retry-after': '1',
		});
	}
	const token = readToken(query.get('continue'));
	if (token !== undefined && token.version < store.compacted) {
		throw new StatusError(410, 'Expired', 'The provided continue parameter is too old to display a consistent list result.');
	}
	const limit = Number(query.get('limit') ?? 0) || Number.POSITIVE_INFINITY;
	const all = store.list(kind, namespace === '' ? undefined : namespace).filter(object => isWanted(wanted, object));
	const rest = token === undefined ? all : all.filter(({metadata}) => metadata.name > token.after);
	const page = rest.slice(0, limit);
	const version = token?.version ?? store.version;
	const more = rest.length > page.length ? writeToken({version, after: page.at(-1)?.metadata.name ?? ''}) : undefined;
	return {
		kind: `${kind.kind}List`,
		apiVersion: apiVersionOf(kind),
		metadata: {
			resourceVersion: String(version),
			...(more !== undefined && {continue: more, remainingItemCount: rest.length - page.length}),
		},
		items: page.map(({kind: _kind, apiVersion: _version, ...item}) => item as KubeObject),
	};
}

type Token = {readonly version: number; readonly after: string};
const writeToken = (token: Token) => Buffer.from(JSON.stringify(token)).toString('base64url');
const readToken = (text: string | null): Token | undefined => (text ? JSON.parse(Buffer.from(text, 'base64url').toString()) : undefined);

/** Sends changes as they come, to the end of `timeoutSeconds`, or until the connection is cut. */
export function watch(store: Store, wanted: ApiRequest, response: ServerResponse, bookmarkMs: number): void {
	const {kind, query} = wanted;
	const asked = query.get('resourceVersion') ?? '';
	if (!/^\d*$/.test(asked))
		throw new StatusError(
			500,
			undefined,
			`resourceVersion: Invalid value: "${asked}": strconv.ParseUint: parsing "${asked}": invalid syntax`,
		);
	if (query.get('sendInitialEvents') !== null)
		throw badRequest('sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled');
	response.writeHead(200, {'content-type': 'application/json', 'cache-control': 'no-cache, private'});
	response.flushHeaders();
	const send = (type: string, object: object) => {
		if (!response.writableEnded) response.write(`${JSON.stringify({type, object})}\n`);
	};
	const full = (object: KubeObject) => ({kind: kind.kind, apiVersion: apiVersionOf(kind), ...object});
	const tell = (change: Change) => {
		if (change.resource === kind && isWanted(wanted, change.object)) send(change.type, full(change.object));
	};
	const version = Number(asked);
	if (version === 0) {
		for (const object of store.list(kind).filter(each => isWanted(wanted, each))) send('ADDED', full(object));
	} else {
		const missed = store.since(version);
		if (missed === undefined) {
			send('ERROR', expired(version, store.compacted).body);
			response.end();
			return;
		}
		for (const change of missed) tell(change);
	}
	const unsubscribe = store.subscribe(tell);
	const bookmark = () =>
		send('BOOKMARK', {
			kind: kind.kind,
			apiVersion: apiVersionOf(kind),
			metadata: {resourceVersion: String(store.version)},
			spec: {containers: null},
			status: {},
		});
	const bookmarks = query.get('allowWatchBookmarks') === 'true' ? setInterval(bookmark, bookmarkMs) : undefined;
	const end = setTimeout(() => response.end(), Number(query.get('timeoutSeconds') ?? 1800) * 1000);
	response.on('close', () => {
		unsubscribe();
		clearInterval(bookmarks);
		clearTimeout(end);
	});
}
