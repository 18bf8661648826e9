import type {H3} from 'h3';
import {serve} from 'h3';
import type {Clock} from '../engine/clock.ts';
import {ByoaiError} from '../model/error.ts';

export type ListenOptions = {
	readonly host: string;
	/** 0: any free one. */
	readonly port: number;
	/** The largest body of all; the routes have their own limits. */
	readonly mostBytes: number;
	readonly clock: Clock;
	/** Ends the replies that have no end of their own. */
	readonly endStreams: () => void;
};

export type Listening = {
	/** How to reach it from this host: `http://127.0.0.1:5001`. */
	readonly url: string;
	/** Takes no more connections, ends streams, gives other replies a while, and then closes what is left. */
	close(): Promise<void>;
};

/** How long replies that are under way may take when the server closes. */
const closeGraceMs = 2000;
const idleCheckMs = 20;

/** Serves the app on a port. Rejects with `unavailable` where that cannot be. */
export async function listen(app: H3, {host, port, mostBytes, clock, endStreams}: ListenOptions): Promise<Listening> {
	const server = serve(app, {
		hostname: host.replace(/^\[(.*)\]$/, '$1'),
		port,
		silent: true,
		gracefulShutdown: false,
		maxRequestBodySize: mostBytes,
	});
	try {
		await server.ready();
	} catch (error) {
		throw new ByoaiError('unavailable', `cannot listen on ${host}, port ${port}: ${reasonOf(error)}`, {cause: error});
	}
	return {
		url: reachableUrl(server.url ?? ''),
		async close() {
			const closed = server.close();
			endStreams();
			// Connections become idle as their replies end, and each would stay open for another request.
			const sweep = setInterval(() => closeIdle(server), idleCheckMs);
			const cancel = clock.after(closeGraceMs, () => void server.close(true));
			await closed;
			clearInterval(sweep);
			cancel();
		},
	};
}

function closeIdle({node}: ReturnType<typeof serve>): void {
	if (node?.server !== undefined && 'closeIdleConnections' in node.server) node.server.closeIdleConnections();
}

function reasonOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const taken = 'code' in error && error.code === 'EADDRINUSE';
	return taken ? 'something else listens there; stop it, or choose another port' : error.message;
}

/** Addresses that stand for all of this host's, and what reaches them from here. */
const loopbacks: Readonly<Record<string, string>> = {'0.0.0.0': '127.0.0.1', '[::]': '[::1]'};

function reachableUrl(listening: string): string {
	const {hostname, port} = new URL(listening);
	return `http://${loopbacks[hostname] ?? hostname}:${port}`;
}
