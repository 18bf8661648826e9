import {ByoaiError} from '../../model/error.ts';
import type {Dialled, Gateway} from '../driver.ts';
import type {PodHandle} from './handle.ts';
import type {PodFacts} from './pod.ts';
import type {Site} from './site.ts';
import {lookAt} from './stop.ts';
import {refusalInWords} from './words.ts';

/** Where the agent in a pod is dialled: at its own address from inside the cluster, through the API server from outside. */
export async function dialledPod(site: Site, {pod, uid}: PodHandle, port: number): Promise<Dialled> {
	const known = site.watch.isSynced ? site.watch.get(pod) : undefined;
	const facts: PodFacts | undefined = known?.uid === uid && known.ip !== undefined ? known : await lookAt(site, pod);
	if (facts?.uid !== uid || !facts.isRunning) throw new ByoaiError('unavailable', 'its pod does not run', {retryable: true});
	const {server, isOwn} = site.api.cluster;
	if (isOwn) {
		if (facts.ip === undefined) throw new ByoaiError('unavailable', 'its pod has no address yet', {retryable: true});
		return {url: `http://${facts.ip.includes(':') ? `[${facts.ip}]` : facts.ip}:${port}`};
	}
	const url = new URL(`${server.pathname.replace(/\/+$/, '')}${site.path}/${pod}:${port}/proxy`, server);
	return {url: url.href, gateway: gatewayOf(site)};
}

/** The API server between: it wants to know who asks, and takes for itself what stands in `Authorization`. */
function gatewayOf({api}: Site): Gateway {
	return {
		async credentials(keepAlive) {
			const {headers, kept, single} = await api.cluster.credentials();
			return {headers, agent: keepAlive ? kept : single};
		},
		refusal(status, body) {
			if (!body.includes('"kind":"Status"')) return undefined;
			const said = /"message":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? '';
			const message = JSON.parse(`"${said}"`) as string;
			if (status === 401 || status === 403) {
				return refusalInWords({doing: 'reach the agent', status, said: {message}, cluster: api.cluster.name});
			}
			return status === 503 && message.startsWith('error trying to reach service')
				? message.replace(/^error trying to reach service: /, 'it does not answer in its pod: ')
				: `the API server of ${api.cluster.name} answers ${status}: ${message}`;
		},
	};
}
