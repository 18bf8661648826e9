import {createHash} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {gzipSync} from 'node:zlib';
import {onTestFinished} from 'vitest';

export type Registry = {
	/** `127.0.0.1:<port>/some/image:1`: an engine takes what is on loopback without TLS. */
	readonly image: string;
	/** `127.0.0.1:<port>` */
	readonly host: string;
	/** Half of the layer is sent; the rest comes when this is called. */
	release(): void;
};

/** As much of a registry as an engine needs to pull one image, of one file: by name and password alone where they are given. */
export async function startRegistry({login}: {login?: string} = {}): Promise<Registry> {
	const layer = tarOf('hello', Buffer.alloc(3_000_000, createHash('sha256').update(String(process.hrtime.bigint())).digest()));
	const compressed = gzipSync(layer, {level: 0});
	const config = Buffer.from(
		JSON.stringify({architecture: 'amd64', os: 'linux', config: {}, rootfs: {type: 'layers', diff_ids: [digest(layer)]}}),
	);
	const blob = (mediaType: string, data: Buffer) => ({
		mediaType: `application/vnd.docker.${mediaType}`,
		size: data.length,
		digest: digest(data),
	});
	const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';
	const manifest = Buffer.from(
		JSON.stringify({
			schemaVersion: 2,
			mediaType: manifestType,
			config: blob('container.image.v1+json', config),
			layers: [blob('image.rootfs.diff.tar.gzip', compressed)],
		}),
	);
	const gate = Promise.withResolvers<void>();

	const server = createServer((request, response) => void answer(request, response));
	async function answer({headers, url = '', method}: IncomingMessage, response: ServerResponse): Promise<void> {
		if (login !== undefined && headers.authorization !== `Basic ${Buffer.from(login).toString('base64')}`) {
			response.writeHead(401, {'www-authenticate': 'Basic realm="test"', 'content-type': 'application/json'});
			response.end(JSON.stringify({errors: [{code: 'UNAUTHORIZED', message: 'authentication required'}]}));
			return;
		}
		const found =
			[manifest, config, compressed].find(data => url.endsWith(digest(data))) ?? (url.endsWith('/manifests/1') ? manifest : undefined);
		if (found === undefined) {
			const isHello = url === '/v2/';
			response.writeHead(isHello ? 200 : 404, {'content-type': 'application/json'});
			response.end(isHello ? '{}' : JSON.stringify({errors: [{code: 'MANIFEST_UNKNOWN', message: 'manifest unknown'}]}));
			return;
		}
		response.writeHead(200, {
			'content-type': found === manifest ? manifestType : 'application/octet-stream',
			'content-length': found.length,
			'docker-content-digest': digest(found),
		});
		if (method === 'HEAD' || found !== compressed) return void response.end(method === 'HEAD' ? undefined : found);
		response.write(found.subarray(0, found.length / 2));
		await gate.promise;
		response.end(found.subarray(found.length / 2));
	}
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
	return {host, image: `${host}/some/image:1`, release: gate.resolve};
}

function digest(data: Buffer): string {
	return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** An archive with one file. */
function tarOf(name: string, data: Buffer): Buffer {
	const header = Buffer.alloc(512);
	header.write(name);
	header.write('0000644\0', 100);
	header.write('0000000\0', 108);
	header.write('0000000\0', 116);
	header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
	header.write('00000000000\0', 136);
	header.write('        0', 148);
	header.write('ustar\x0000', 257);
	const sum = header.reduce((all, byte) => all + byte, 0);
	header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
	return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512), Buffer.alloc(1024)]);
}
