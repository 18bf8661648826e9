import {execFile} from 'node:child_process';
import * as http from 'node:http';
import {connect} from 'node:net';
import type {Container} from './container.ts';

type Probe = {
	readonly exec?: {readonly command: readonly string[]};
	readonly tcpSocket?: {readonly port: number};
	readonly httpGet?: {readonly port: number; readonly path?: string};
};

/** Asks a container once, as a kubelet does. */
export function isReady({exec, tcpSocket, httpGet}: Probe, ip: string, container: Container): Promise<boolean> {
	return new Promise(resolve => {
		if (container.isOver) return resolve(false);
		if (exec) {
			const [program = 'false', ...rest] = exec.command;
			execFile(program, rest, error => resolve(error === null));
		} else if (tcpSocket) {
			const socket = connect(tcpSocket.port, ip);
			socket.on('connect', () => {
				socket.destroy();
				resolve(true);
			});
			socket.on('error', () => resolve(false));
		} else {
			const request = http.get({host: ip, port: httpGet?.port, path: httpGet?.path ?? '/', agent: false}, response => {
				response.resume();
				resolve((response.statusCode ?? 500) < 400);
			});
			request.on('error', () => resolve(false));
		}
	});
}
