import * as net from 'node:net';
import * as fc from 'fast-check';
import type {WildRequest} from './requests.ts';

/** Bytes for a socket, in pieces that go out one by one; the connection is ended, or broken off, after the last. */
export type Pieces = {readonly pieces: readonly Buffer[]; readonly end: 'end' | 'break'};

/** Ends of lines, lengths and codings that two readers may take differently. */
const oddFraming = fc.constantFrom(
	...[
		'content-length: 5\r\ncontent-length: 6',
		'content-length: 5, 5',
		'content-length: -1',
		'content-length: +5',
		'content-length: 0x5',
		'content-length: 99999999999999999999',
	],
	...[
		'transfer-encoding: chunked\r\ncontent-length: 5',
		'transfer-encoding: identity',
		'transfer-encoding: xchunked',
		'transfer-encoding: chunked, chunked',
		'transfer-encoding : chunked',
	],
	...[
		'transfer-encoding: gzip',
		'expect: 100-continue',
		'expect: x',
		'connection: upgrade\r\nupgrade: h2c',
		'connection: upgrade\r\nupgrade: websocket',
		'connection: close',
		'host: a\r\nhost: b',
		' folded: x',
		'a: b\r\n\tc',
	],
	...['a\0: b', 'a: \0', ': x', 'a', `a: ${'x'.repeat(20_000)}`, 'trailer: x', 'te: trailers', 'content-encoding: br'],
);
const chunked = fc.constantFrom(
	'5\r\nhello\r\n0\r\n\r\n',
	'5\r\nhel',
	'-1\r\n',
	'ffffffffffffffffff\r\n',
	'0;x=y\r\n\r\n',
	'0\r\nx: y\r\n\r\n',
	'g\r\n',
	'2\r\n{}\r\n0\r\n\r\n',
	'1\r\n{}\r\n0\r\n\r\n',
);

/** What goes over a connection: requests that are framed rightly, oddly or not at all, and bytes of any kind. */
export function anyHead(requests: fc.Arbitrary<WildRequest>): fc.Arbitrary<Pieces> {
	const whole = fc
		.tuple(requests, fc.constantFrom('1.1', '1.1', '1.1', '1.0', '2.0', '0.9', '9'))
		.map(([request, version]) => written(request, version, []));
	const odd = fc
		.tuple(requests, fc.array(oddFraming, {minLength: 1, maxLength: 2}), fc.option(chunked, {nil: undefined}))
		.map(([request, lines, body]) => written(body === undefined ? request : {...request, body: Buffer.from(body)}, '1.1', lines));
	const text = fc.constantFrom(
		'GET',
		'GET / HTTP/1.1',
		'\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n',
		'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
		'\x16\x03\x01\x02\x00\x01\x00',
		'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n',
		'GET http://x/health HTTP/1.1\r\nhost: y\r\n\r\n',
		'OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n',
		'*1\r\n$4\r\nPING\r\n',
	);
	const message = fc.oneof(
		{weight: 5, arbitrary: whole},
		{weight: 4, arbitrary: odd},
		{weight: 1, arbitrary: text.map(value => Buffer.from(value, 'latin1'))},
		{weight: 1, arbitrary: fc.uint8Array({maxLength: 200}).map(bytes => Buffer.from(bytes))},
	);
	const cuts = fc.array(fc.nat(3000), {maxLength: 3});
	// Several at once: what is left of one must not be taken for the beginning of the next.
	return fc
		.record({
			messages: fc.array(message, {minLength: 1, maxLength: 3}),
			cuts,
			end: fc.constantFrom('end' as const, 'end' as const, 'break' as const),
		})
		.map(({messages, cuts, end}) => ({pieces: cutAt(Buffer.concat(messages), cuts), end}));
}

function written({method, target, headers, body}: WildRequest, version: string, lines: readonly string[]): Buffer {
	const isFramed = lines.some(line => /content-length|transfer-encoding/.test(line));
	const head = [
		`${method} ${target} HTTP/${version}`,
		'host: 127.0.0.1:5001',
		...headers.map(([name, value]) => `${name}: ${value}`),
		...(isFramed || body === undefined ? [] : [`content-length: ${body.length}`]),
		...lines,
	];
	return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body ?? Buffer.alloc(0)]);
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
	const cuts = [0, ...places.map(place => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
	return cuts.slice(1).map((cut, index) => bytes.subarray(cuts[index], cut));
}

/** Enough for whoever answers; a reply that is held, or a stream, has no end of its own. */
const patienceMs = 40;

/** Says all that, and returns what came back until the other end closed, or had nothing more to say. */
export function talk(port: number, {pieces, end}: Pieces): Promise<string> {
	return new Promise(resolve => {
		const socket = net.connect(port, '127.0.0.1');
		let reply = '';
		let timer: NodeJS.Timeout | undefined;
		const wait = () => {
			clearTimeout(timer);
			timer = setTimeout(() => socket.destroy(), patienceMs);
		};
		socket.on('data', data => {
			reply += data.toString('latin1');
			wait();
		});
		// Refused and broken off is an answer, too.
		socket.on('error', () => undefined);
		socket.on('close', () => {
			clearTimeout(timer);
			resolve(reply);
		});
		const say = (index: number): void => {
			const piece = pieces[index];
			if (piece !== undefined && !socket.destroyed) socket.write(piece, () => setImmediate(() => say(index + 1)));
			else if (end === 'break') socket.resetAndDestroy();
			else {
				socket.end();
				wait();
			}
		};
		socket.on('connect', () => say(0));
	});
}
