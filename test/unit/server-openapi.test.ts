import {readFileSync} from 'node:fs';
import {createConfig, lintFromString} from '@redocly/openapi-core';
import {expect, onTestFinished, test} from 'vitest';
import type {OpenApi} from '../../scripts/api-markdown.ts';
import {apiMarkdown} from '../../scripts/api-markdown.ts';
import {openOrchestra} from '../helpers/orchestra.ts';

test('a linter has nothing to say against the document that a server gives out', async () => {
	const {server} = openOrchestra({token: 'sesame'});
	const {url, close} = await server.listen({host: '127.0.0.1', port: 0});
	onTestFinished(close);
	const reply = await fetch(`${url}/openapi.json`);
	expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/json;charset=UTF-8']);
	const source = await reply.text();
	const found = await lintFromString({source, config: await createConfig({extends: ['recommended-strict']})});
	expect(found.map(({ruleId, message, location}) => `${ruleId}: ${message} ${location[0]?.pointer}`)).toEqual([]);
});

test('the document has every route, and names no schema that it does not have', async () => {
	const orchestra = openOrchestra();
	const text = await (await orchestra.call('GET', '/openapi.json')).text();
	const {paths} = JSON.parse(text) as OpenApi;
	const described = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map(method => `${method} ${path}`));
	const served = orchestra.server.routes.map(({method, path}) => `${method.toLowerCase()} ${path.replace(/(?:\*\*)?:(\w+)/g, '{$1}')}`);
	expect(described.sort()).toEqual(served.sort());
	expect(text).not.toContain('/~');
});

test('the document is no secret, but a web page that nothing else keeps out gets none', async () => {
	const status = async (options: {token?: string}, headers: Record<string, string>) =>
		(await openOrchestra(options).call('GET', '/openapi.json', undefined, headers)).status;
	expect(await status({token: 'sesame'}, {origin: 'http://evil.example'})).toBe(200);
	expect(await status({}, {origin: 'http://evil.example'})).toBe(403);
	expect(await status({}, {host: 'evil.example'})).toBe(403);
});

test('docs/api.md is what `npm run docs` makes of it', async () => {
	const document = (await (await openOrchestra().call('GET', '/openapi.json')).json()) as OpenApi;
	const kept = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
	expect(kept === apiMarkdown(document), 'docs/api.md is not fresh: `npm run docs` makes it').toBe(true);
});
