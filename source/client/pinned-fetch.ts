import * as https from 'node:https';
import {Readable} from 'node:stream';
import {pinnedTo} from '../protocol/pinning.ts';

/** `fetch` to a server that shows this very certificate (PEM), and to no other: the global one can be told of no certificate. */
export function pinnedFetch(certificate: string): (request: Request) => Promise<Response> {
	const agent = new https.Agent({keepAlive: true, ...pinnedTo(certificate)});
	return async request => {
		const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
		const {promise, resolve, reject} = Promise.withResolvers<Response>();
		const sent = https.request(request.url, {
			method: request.method,
			agent,
			headers: {...Object.fromEntries(request.headers), ...(body !== undefined && {'content-length': body.length})},
			signal: request.signal,
		});
		sent.on('error', reject);
		sent.on('response', reply => {
			const headers = new Headers();
			for (let at = 0; at + 1 < reply.rawHeaders.length; at += 2)
				headers.append(reply.rawHeaders[at] ?? '', reply.rawHeaders[at + 1] ?? '');
			const {statusCode: status = 0} = reply;
			const isEmpty = request.method === 'HEAD' || status === 204 || status === 304;
			if (isEmpty) reply.resume();
			resolve(new Response(isEmpty ? null : (Readable.toWeb(reply) as ReadableStream<Uint8Array>), {status, headers}));
		});
		sent.end(body);
		return promise;
	};
}
