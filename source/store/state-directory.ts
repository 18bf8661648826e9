import {randomBytes} from 'node:crypto';
import {readFileSync, rmSync} from 'node:fs';
import {hostname} from 'node:os';
import {join, resolve} from 'node:path';
import {ByoaiError} from '../model/error.ts';
import {takeLock} from './directory-lock.ts';
import {makeDirectory, replaceFile} from './durable-files.ts';
import {fromFileSystem, systemCode} from './file-error.ts';

/** Where a running orchestrator is reached. Every client needs `url`; what else the owner wrote is there too, as plain JSON. */
export type Endpoint = {readonly url: string; readonly [field: string]: unknown};

/** The directory of one orchestrator, locked: nobody else has it open until `close`. All paths are absolute. */
export type StateDirectory = {
	readonly path: string;
	/** 16 hexadecimal digits, random, the same for as long as the directory lives: labels what its orchestrator starts. */
	readonly id: string;
	/** 32 random bytes, the same for as long as the directory lives: what tokens derive from. */
	readonly key: Uint8Array;
	/** The path of the database, for `openStore`, which makes it. */
	readonly database: string;
	/** A directory, made already, for `openLogFiles`. */
	readonly logs: string;
	/** A directory, made already, for what drivers keep of their instances. */
	readonly instances: string;
	/** The certificate and key of `--https`, where some were kept; PEM. */
	readCertificate(): {readonly cert: string; readonly key: string} | undefined;
	/** Mode 0600, both. */
	keepCertificate(certificate: {readonly cert: string; readonly key: string}): void;
	/** Tells clients where the orchestrator is reached; mode 0600, as it may hold secrets. */
	writeEndpoint(endpoint: Endpoint): void;
	/** Fine when there is none. */
	removeEndpoint(): void;
	/** Releases the lock. */
	close(): void;
};

const keyBytes = 32;
const idDigits = 16;

/**
 * Opens a state directory, made with mode 0700 if it is not there, and locks it. An endpoint that a dead owner left is
 * removed. `version` is the program's, for the message that others get meanwhile.
 * Throws `ByoaiError`: `conflict` when another orchestrator has it, saying which; `unavailable` when it cannot be used.
 */
export function openStateDirectory(directory: string, version: string): StateDirectory {
	const path = resolve(directory);
	return explained(`use the state directory ${path}`, () => {
		makeDirectory(path);
		const lock = takeLock(join(path, 'lock'), () => inUse(path));
		try {
			const facts: Owner = {pid: process.pid, host: hostname(), since: new Date().toISOString(), version};
			replaceFile(join(path, 'owner'), json(facts));
			return openLocked(path, lock.release);
		} catch (error) {
			lock.release();
			throw error;
		}
	});
}

function openLocked(path: string, release: () => void): StateDirectory {
	const file = {
		endpoint: join(path, 'endpoint'),
		owner: join(path, 'owner'),
		id: join(path, 'id'),
		key: join(path, 'key'),
		certificate: join(path, 'tls.crt'),
		certificateKey: join(path, 'tls.key'),
	};
	const directory = {logs: join(path, 'logs'), instances: join(path, 'instances')};
	rmSync(file.endpoint, {force: true});
	makeDirectory(directory.logs);
	makeDirectory(directory.instances);
	return {
		path,
		id: keptFile(file.id, idDigits, () => Buffer.from(randomBytes(idDigits / 2).toString('hex'))).toString(),
		key: keptFile(file.key, keyBytes, () => randomBytes(keyBytes)),
		database: join(path, 'byoai.db'),
		...directory,
		readCertificate() {
			const [cert, key] = [readIfThere(file.certificate)?.toString(), readIfThere(file.certificateKey)?.toString()];
			return cert === undefined || key === undefined ? undefined : {cert, key};
		},
		keepCertificate({cert, key}) {
			explained(`write ${file.certificate}`, () => {
				replaceFile(file.certificateKey, Buffer.from(key));
				replaceFile(file.certificate, Buffer.from(cert));
			});
		},
		writeEndpoint: endpoint => explained(`write ${file.endpoint}`, () => replaceFile(file.endpoint, json(endpoint))),
		removeEndpoint: () => explained(`remove ${file.endpoint}`, () => rmSync(file.endpoint, {force: true})),
		close() {
			explained(`remove ${file.owner}`, () => rmSync(file.owner, {force: true}));
			release();
		},
	};
}

/**
 * Where the orchestrator of a state directory is reached, for clients: takes no lock. Undefined when it runs none, or when the
 * file is not of our making. Throws `ByoaiError` (`unavailable`) when it may not be read.
 */
export function readEndpoint(directory: string): Endpoint | undefined {
	const value = parsed(readIfThere(join(directory, 'endpoint')));
	return value !== undefined && typeof value.url === 'string' ? {...value, url: value.url} : undefined;
}

/**
 * The id of a state directory, for those who look from outside: takes no lock. Undefined when there is none yet. Throws `ByoaiError`
 * (`unavailable`) when it may not be read.
 */
export function readId(directory: string): string | undefined {
	return readIfThere(join(directory, 'id'))?.toString();
}

/** Who holds a state directory, as its file `owner` says; only messages use it, the lock alone decides. */
type Owner = {readonly pid: number; readonly host: string; readonly since: string; readonly version: string};

function inUse(path: string): string {
	const owner = parsed(readIfThere(join(path, 'owner')));
	const facts = owner === undefined ? '' : ` by process ${owner.pid} on ${owner.host} since ${owner.since} (byoai ${owner.version})`;
	return `the state directory ${path} is in use${facts}. End that orchestrator, or name another directory with BYOAI_STATE_DIR.`;
}

/** The file's content; made, durably, where there is none. */
function keptFile(path: string, length: number, make: () => Buffer): Buffer {
	const kept = readIfThere(path);
	if (kept !== undefined) return ofLength(length, kept, path);
	const made = make();
	replaceFile(path, made);
	return made;
}

function ofLength(length: number, content: Buffer, path: string): Buffer {
	if (content.length === length) return content;
	throw new ByoaiError(
		'unavailable',
		`${path} is damaged: it has ${content.length} bytes instead of ${length}. Restore it from a backup; without it, remove it, and agents that run already have to be deployed anew.`,
	);
}

function readIfThere(path: string): Buffer | undefined {
	try {
		return readFileSync(path);
	} catch (error) {
		const code = systemCode(error);
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		throw fromFileSystem(error, `read ${path}`);
	}
}

/** A JSON object, or undefined where there is none. */
function parsed(content: Buffer | undefined): Readonly<Record<string, unknown>> | undefined {
	if (content === undefined) return undefined;
	try {
		const value: unknown = JSON.parse(content.toString());
		return typeof value === 'object' && value !== null ? {...value} : undefined;
	} catch {
		// Not written by us, since we replace files whole: nothing to be learned from it.
		return undefined;
	}
}

function json(value: unknown): Buffer {
	return Buffer.from(`${JSON.stringify(value)}\n`);
}

function explained<T>(doing: string, work: () => T): T {
	try {
		return work();
	} catch (error) {
		throw fromFileSystem(error, doing);
	}
}
