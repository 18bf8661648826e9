import type {ServerResponse} from 'node:http';
import type {Container} from './container.ts';
import type {LogOptions} from './container-log.ts';
import type {KubeObject} from './objects.ts';
import {badRequest} from './status.ts';

/** Answers `GET …/log` as a real server does for a pod in that state. */
export function sendLog(response: ServerResponse, pod: KubeObject, container: Container | undefined, query: URLSearchParams): void {
	const {name} = pod.metadata;
	const [{name: first}] = pod.spec.containers;
	const wanted = query.get('container') ?? first;
	if (wanted !== first) throw badRequest(`container ${wanted} is not valid for pod ${name}`);
	if (query.get('stream') !== null) throw badRequest('stream is not supported');
	if (pod.spec.nodeName === undefined) {
		response.writeHead(204, {'cache-control': 'no-cache, private'}).end();
		return;
	}
	if (container === undefined) {
		const reason: string = pod.status.containerStatuses?.[0]?.state?.waiting?.reason ?? 'ContainerCreating';
		const words = /^(?:ErrImagePull|ImagePullBackOff)$/.test(reason) ? "image can't be pulled" : reason;
		throw badRequest(`container "${first}" in pod "${name}" is waiting to start: ${words}`);
	}
	const number = (key: string) => (query.get(key) === null ? undefined : Number(query.get(key)));
	const [tailLines, limitBytes] = [number('tailLines'), number('limitBytes')];
	const since = query.get('sinceTime');
	stream(response, container, query.get('follow') === 'true', {
		timestamps: query.get('timestamps') === 'true',
		...(tailLines !== undefined && {tailLines}),
		...(limitBytes !== undefined && {limitBytes}),
		// The API server hands times on to the second.
		...(since !== null && {sinceMs: Math.floor(Date.parse(since) / 1000) * 1000}),
	});
}

function stream(response: ServerResponse, {log}: Container, follow: boolean, options: LogOptions): void {
	let at = {position: 0, startsLine: true};
	let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
	response.writeHead(200, {'content-type': 'text/plain', 'cache-control': 'no-cache, private'});
	response.flushHeaders();
	const send = (): void => {
		if (response.destroyed) return stop();
		const {data, ...next} = log.read(at.position, at.startsLine, options);
		at = next;
		if (data.length > 0) response.write(data.subarray(0, left));
		left -= data.length;
		if (log.ended || !follow || left <= 0) {
			stop();
			response.end();
		}
	};
	const stop = log.onNews(send);
	response.on('close', stop);
	send();
}
