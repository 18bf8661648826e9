import {X509Certificate} from 'node:crypto';
import {mkdtempSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tls from 'node:tls';
import {expect, onTestFinished, test} from 'vitest';
import {createClient} from '../../source/client/client.ts';
import {pinnedFetch} from '../../source/client/pinned-fetch.ts';
import type {Certificate} from '../../source/server/certificate.ts';
import {fingerprintOf, readCertificateFiles, selfSigned} from '../../source/server/certificate.ts';
import {openStateDirectory} from '../../source/store/state-directory.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const workflow = {tasks: [{name: 'a', command: 'x'}]};
const now = Date.now();
const day = 24 * 60 * 60 * 1000;
/** Making one takes a while: most tests are content with the same. */
const made = selfSigned({readCertificate: () => undefined, keepCertificate: () => undefined}, '127.0.0.1', now);

async function listening(certificate: Certificate) {
	const orchestra = openOrchestra({work: () => new Promise(() => undefined)});
	const {url, close} = await orchestra.server.listen({host: '127.0.0.1', port: 0, certificate});
	onTestFinished(close);
	return {orchestra, url, close};
}

test('who knows the certificate reaches the server, calls and streams alike, until it closes', async () => {
	const certificate = await made;
	const {orchestra, url, close} = await listening(certificate);
	expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
	const client = createClient({fetch: pinnedFetch(certificate.cert), url});
	const {run} = await client.submitRun({text: JSON.stringify(workflow), directory: '/'});
	expect(await client.runs()).toHaveLength(1);
	await expect(client.run('rzz')).rejects.toMatchObject({code: 'not_found'});
	const events = client.events(new AbortController().signal);
	expect((await events.next()).value).toMatchObject({snapshot: {runs: [{id: run.id}]}});
	// The run may go on meanwhile, and its changes come first.
	const rest = Array.fromAsync(events);
	await close();
	for (const event of await rest) expect(event).toHaveProperty('change');
	await expect(client.health()).rejects.toMatchObject({code: 'unavailable'});
	expect(orchestra.warnings).toEqual([]);
});

test('a client that goes away ends its stream', async () => {
	const certificate = await made;
	const {orchestra, url} = await listening(certificate);
	const abort = new AbortController();
	const events = createClient({fetch: pinnedFetch(certificate.cert), url}).events(abort.signal);
	await events.next();
	abort.abort();
	expect((await events.next()).done).toBe(true);
	await expect.poll(async () => (await (await orchestra.call('GET', '/metrics')).text()).match(/^byoai_streams (\d+)$/m)?.[1]).toBe('0');
});

test('nobody else is taken for it, and strangers are not let in blindly', async () => {
	const certificate = await made;
	const {url} = await listening(certificate);
	await expect(fetch(`${url}/health`)).rejects.toThrow();
	const other = await selfSigned({readCertificate: () => undefined, keepCertificate: () => undefined}, '127.0.0.1', now);
	await expect(createClient({fetch: pinnedFetch(other.cert), url}).health()).rejects.toMatchObject({code: 'unavailable'});
});

test('its fingerprint is that of what it shows, and it stands for the names of this host', async () => {
	const certificate = await made;
	const {url} = await listening(certificate);
	const socket = tls.connect({port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false});
	const shown = await new Promise<string>(resolve =>
		socket.once('secureConnect', () => resolve(socket.getPeerCertificate().fingerprint256)),
	);
	socket.destroy();
	expect(shown).toBe(fingerprintOf(certificate));
	const x509 = new X509Certificate(certificate.cert);
	expect([x509.checkIP('127.0.0.1'), x509.checkIP('::1'), x509.checkHost('localhost')]).not.toContain(undefined);
	expect([x509.ca, x509.verify(x509.publicKey)]).toEqual([false, true]);
});

test('it is kept with the state directory, until it is about to end or is not for the host', async () => {
	const directory = openStateDirectory(temporaryDirectory(), '1');
	onTestFinished(() => directory.close());
	directory.keepCertificate(await made);
	const first = await selfSigned(directory, '127.0.0.1', now);
	expect(first).toEqual(await made);
	expect(['tls.crt', 'tls.key'].map(name => statSync(join(directory.path, name)).mode & 0o777)).toEqual([0o600, 0o600]);
	const later = await selfSigned(directory, '127.0.0.1', now + 800 * day);
	expect(later).not.toEqual(first);
	expect(await selfSigned(directory, '127.0.0.1', now + 800 * day)).toEqual(later);
	const named = await selfSigned(directory, 'byoai.example', now);
	expect(new X509Certificate(named.cert).checkHost('byoai.example')).toBeDefined();
	writeFileSync(join(directory.path, 'tls.key'), 'damaged');
	expect(await selfSigned(directory, '127.0.0.1', now)).not.toEqual(named);
});

test('a given certificate is taken with its key, and refused with what is wrong', async () => {
	const {cert, key} = await made;
	const directory = mkdtempSync(join(tmpdir(), 'byoai-test-'));
	const file = (name: string, text: string) => {
		writeFileSync(join(directory, name), text);
		return join(directory, name);
	};
	const [certFile, keyFile] = [file('cert.pem', cert), file('key.pem', key)];
	expect(readCertificateFiles(certFile, keyFile)).toEqual({cert, key});
	expect(() => readCertificateFiles(certFile, '/none')).toThrow(/the key \/none cannot be read/);
	expect(() => readCertificateFiles(keyFile, certFile)).toThrow(/no certificate and key in PEM/);
	const other = await selfSigned({readCertificate: () => undefined, keepCertificate: () => undefined}, 'localhost', now);
	expect(() => readCertificateFiles(certFile, file('other.pem', other.key))).toThrow(/is not that of the certificate/);
});
