import type {IncomingMessage, ServerResponse} from 'node:http';
import * as http from 'node:http';
import type {KubeObject} from './objects.ts';
import {StatusError} from './status.ts';

/**
 * Hands a request on to a port of a pod. As a real server does: what the client said to the API server of who it is does not go on, and a pod
 * that cannot be reached is a 503 of the API server itself.
 */
export function proxy(request: IncomingMessage, response: ServerResponse, pod: KubeObject, port: number, path: string): Promise<void> {
	const {podIP} = pod.status;
	const {authorization: _, host: __, connection: ___, ...headers} = request.headers;
	return new Promise((resolve, reject) => {
		const unreachable = (why: string) => {
			const message = `error trying to reach service: ${why}`;
			if (response.headersSent) response.destroy();
			else reject(new StatusError(503, 'ServiceUnavailable', message));
			resolve();
		};
		if (podIP === undefined) return unreachable('address not allowed');
		const onward = http.request(
			{host: podIP, port, path, method: request.method, headers: {...headers, 'x-forwarded-for': '127.0.0.1'}, agent: false},
			reply => {
				response.writeHead(reply.statusCode ?? 502, reply.headers);
				reply.pipe(response);
				reply.on('error', () => response.destroy());
				response.on('finish', resolve);
			},
		);
		onward.on('error', error => unreachable(`dial tcp ${podIP}:${port}: ${error.message}`));
		response.on('close', () => {
			onward.destroy();
			resolve();
		});
		request.pipe(onward);
	});
}
