import * as net from 'node:net';

/** A way to a server that can be cut in two at any moment, in the midst of whatever is being sent. */
export type CutProxy = {
	readonly url: string;
	/** Ends all connections without a word; new ones are let through. */
	cut(): void;
	close(): Promise<void>;
};

export async function cutProxy(target: string): Promise<CutProxy> {
	const {hostname, port} = new URL(target);
	const sockets = new Set<net.Socket>();
	const server = net.createServer(near => {
		const far = net.connect(Number(port), hostname);
		for (const [socket, other] of [
			[near, far],
			[far, near],
		] as const) {
			sockets.add(socket);
			socket.pipe(other);
			socket.on('error', () => other.destroy());
			socket.on('close', () => {
				sockets.delete(socket);
				other.destroy();
			});
		}
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	const cut = () => {
		for (const socket of sockets) socket.destroy();
	};
	return {
		url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
		cut,
		close() {
			cut();
			return new Promise(resolve => server.close(() => resolve()));
		},
	};
}
