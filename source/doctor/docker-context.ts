import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {DockerCommand} from './place.ts';

/** The engine that the `docker` command talks to by its settings. */
export type DockerContext = {readonly name: string; readonly host: string};

/**
 * The context that was chosen by `docker context use` or DOCKER_CONTEXT, where it is another one than the default: of `config.json` and
 * `contexts/meta/<SHA-256 of its name>/meta.json`, as the `docker` command keeps them.
 */
export async function dockerContext({directory, context}: DockerCommand): Promise<DockerContext | undefined> {
	const name = context || (await read(join(directory, 'config.json')))?.currentContext;
	if (typeof name !== 'string' || name === '' || name === 'default') return undefined;
	const meta = await read(join(directory, 'contexts/meta', createHash('sha256').update(name).digest('hex'), 'meta.json'));
	const endpoints = meta?.Endpoints as {docker?: {Host?: unknown}} | undefined;
	const host = endpoints?.docker?.Host;
	return typeof host === 'string' ? {name, host} : undefined;
}

/** A JSON object of another program; undefined where there is none that can be read. */
async function read(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
	try {
		const value: unknown = JSON.parse(await readFile(path, 'utf8'));
		return typeof value === 'object' && value !== null ? {...value} : undefined;
	} catch {
		return undefined; // most have no such file, and a broken one is for that program to tell
	}
}
