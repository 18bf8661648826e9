import type {ServerResponse} from 'node:http';
import type {Resource} from './objects.ts';
import {apiVersionOf, resources} from './objects.ts';
import {recording} from './scripts.ts';

/** What clients ask before they do anything: versions, groups, kinds. Everything else is no path here: 404 in plain text. */
export function discover(response: ServerResponse, {pathname}: URL): void {
	const found = documents[pathname]?.() ?? kindsOf(pathname) ?? openApi(pathname);
	if (found === undefined) {
		response.writeHead(404, {'content-type': 'text/plain; charset=utf-8'}).end('404 page not found\n');
		return;
	}
	const isText = typeof found === 'string';
	response
		.writeHead(200, {'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json'})
		.end(isText ? found : JSON.stringify(found));
}

const groups = [...new Set(resources.map(({group}) => group))].filter(group => group !== '');

const documents: Readonly<Record<string, () => object | string>> = {
	'/version': () => recording('version').response.body,
	'/readyz': () => 'ok',
	'/livez': () => 'ok',
	'/api': () => ({kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: []}),
	'/apis': () => ({
		kind: 'APIGroupList',
		apiVersion: 'v1',
		groups: groups.map(name => {
			const version = {groupVersion: `${name}/v1`, version: 'v1'};
			return {name, versions: [version], preferredVersion: version};
		}),
	}),
	'/openapi/v3': () => ({
		paths: Object.fromEntries(
			[...new Set(resources.map(pathOf))].map(path => [path.slice(1), {serverRelativeURL: `/openapi/v3${path}?hash=0`}]),
		),
	}),
};

function pathOf(resource: Resource): string {
	return `${resource.group === '' ? '/api' : '/apis'}/${apiVersionOf(resource)}`;
}

/** No schemas, but what kubectl looks for: that the server itself refuses what it does not know (`fieldValidation`). */
function openApi(pathname: string): object | undefined {
	const kinds = resources.filter(resource => `/openapi/v3${pathOf(resource)}` === pathname);
	if (kinds.length === 0) return undefined;
	const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map(name => ({name, in: 'query', schema: {type: 'string'}}));
	const paths = kinds.map(({group, version, kind, name, namespaced}) => {
		const path = `${pathname.replace('/openapi/v3', '')}${namespaced ? '/namespaces/{namespace}' : ''}/${name}/{name}`;
		return [path, {patch: {parameters, responses: {}, 'x-kubernetes-group-version-kind': {group, version, kind}}}];
	});
	return {openapi: '3.0.0', info: {title: 'Kubernetes', version: 'v1.34.9'}, paths: Object.fromEntries(paths)};
}

function kindsOf(pathname: string): object | undefined {
	const [, core, group, version] = /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))$/.exec(pathname) ?? [];
	const groupVersion = core ?? (group === undefined ? undefined : `${group}/${version}`);
	const kinds = resources.filter(resource => apiVersionOf(resource) === groupVersion);
	if (kinds.length === 0) return undefined;
	const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
	return {
		kind: 'APIResourceList',
		apiVersion: 'v1',
		groupVersion,
		resources: kinds.map(({name, singular, kind, short, namespaced}) => ({
			name,
			singularName: singular,
			namespaced,
			kind,
			verbs,
			...(short && {shortNames: short}),
		})),
	};
}
