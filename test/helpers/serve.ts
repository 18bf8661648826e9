import * as http from 'node:http';
import type {AddressInfo} from 'node:net';
import {onTestFinished} from 'vitest';

export type Served = {
	readonly url: string;
	readonly port: number;
	/** Ends it as a kill would: connections break. */
	kill(): Promise<void>;
};

/** A program that listens on this host and answers as the test will have it; killed with the test. */
export async function serve(answer: http.RequestListener, port = 0): Promise<Served> {
	const server = http.createServer(answer);
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	let killed: Promise<void> | undefined;
	const kill = () => {
		killed ??= new Promise(resolve => {
			server.close(() => resolve());
			server.closeAllConnections();
		});
		return killed;
	};
	onTestFinished(kill);
	const at = (server.address() as AddressInfo).port;
	return {url: `http://127.0.0.1:${at}`, port: at, kill};
}

/** A request's body, as JSON. */
export async function bodyOf(request: http.IncomingMessage): Promise<unknown> {
	const chunks: Buffer[] = [];
	for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
	return JSON.parse(Buffer.concat(chunks).toString());
}

export function answerJson(response: http.ServerResponse, value: unknown, status = 200): void {
	response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(value));
}
