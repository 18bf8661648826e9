import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {AuthConfigObject} from 'dockerode';
import {messageOf} from '../../model/error.ts';

export type DockerLoginsOptions = {
	/** Where `docker login` keeps them: `$DOCKER_CONFIG`, else `~/.docker`. */
	readonly directory: string;
	/** In which the programs `docker-credential-…` are looked for and run. */
	readonly environment: Readonly<Record<string, string | undefined>>;
};

/** What is known of the login for a registry. */
export type Login = {
	/** Never to be shown. Absent: none; the registry is asked as anybody. */
	readonly auth?: AuthConfigObject;
	/** Why one that is configured cannot be had, in words without secrets. */
	readonly problem?: string;
};

/** As much of `config.json` as logins are in. */
type ConfigFile = {
	readonly auths?: Readonly<
		Record<string, {auth?: string; username?: string; password?: string; identitytoken?: string; registrytoken?: string}>
	>;
	readonly credHelpers?: Readonly<Record<string, string>>;
	readonly credsStore?: string;
};

/** As Docker Hub is called where logins are kept. */
const hub = 'https://index.docker.io/v1/';
/** A keychain may ask its user; one that nobody answers must not hold up a start for long. */
const helperMs = 10_000;

/** The logins of `docker login`, read anew for each pull: people log in while an orchestrator runs. */
export class DockerLogins {
	readonly #options: DockerLoginsOptions;

	constructor(options: DockerLoginsOptions) {
		this.#options = options;
	}

	/** For the registry that an image comes from. */
	async of(image: string): Promise<Login> {
		const registry = registryOf(image);
		const path = join(this.#options.directory, 'config.json');
		try {
			const config = await readConfig(path);
			const helper = config.credHelpers?.[hostOf(registry)] ?? config.credHelpers?.[registry] ?? config.credsStore;
			const kept = keptIn(config, registry);
			if (!helper) return kept === undefined ? {} : {auth: kept};
			const auth = (await this.#ask(helper, registry)) ?? kept;
			return auth === undefined ? {} : {auth};
		} catch (error) {
			return {problem: messageOf(error)};
		}
	}

	/** What a program `docker-credential-<helper>` has for a registry; undefined: nothing. What it prints is never part of an error. */
	#ask(helper: string, registry: string): Promise<AuthConfigObject | undefined> {
		const program = `docker-credential-${helper}`;
		const {environment: env} = this.#options;
		return new Promise((resolve, reject) => {
			const child = execFile(program, ['get'], {env: {...env}, timeout: helperMs, killSignal: 'SIGKILL'}, (error, stdout) => {
				if (error === null) {
					const found = secretIn(stdout, registry);
					return found === undefined ? reject(new Error(`${program} answers what cannot be read`)) : resolve(found);
				}
				// The protocol has no other way to say so.
				if (/credentials not found/i.test(stdout)) return resolve(undefined);
				const why = error.killed ? `did not answer within ${helperMs / 1000} s` : `failed (${error.code ?? error.signal})`;
				reject(new Error(`${program}, which keeps it, ${why}`));
			});
			child.stdin?.on('error', () => undefined); // it did not read what it was asked; its exit tells
			child.stdin?.end(registry);
		});
	}
}

/** Absent: nobody has ever logged in. Throws for one that cannot be read, without any of its content. */
async function readConfig(path: string): Promise<ConfigFile> {
	let text: string;
	try {
		text = await readFile(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return {};
		throw new Error(`${path} cannot be read`, {cause: error});
	}
	try {
		return JSON.parse(text) as ConfigFile;
	} catch {
		throw new Error(`${path} is no JSON`); // the parser's words would quote it
	}
}

/** What the file itself has. Keys are hosts, or URLs as older clients wrote them. */
function keptIn({auths = {}}: ConfigFile, registry: string): AuthConfigObject | undefined {
	const host = hostOf(registry);
	const entry = auths[registry] ?? auths[host] ?? Object.entries(auths).find(([key]) => hostOf(key) === host)?.[1];
	if (entry === undefined) return undefined;
	const {auth, identitytoken, registrytoken} = entry;
	const [, name = entry.username, password = entry.password] =
		/^([^:]*):(.*?)\0*$/s.exec(Buffer.from(auth ?? '', 'base64').toString()) ?? [];
	if (!name && !identitytoken && !registrytoken) return undefined;
	return {
		serveraddress: registry,
		...(name && {username: name}),
		...(password && !identitytoken && {password}),
		...(identitytoken && {identitytoken}),
		...(registrytoken && {registrytoken}),
	};
}

function secretIn(stdout: string, serveraddress: string): AuthConfigObject | undefined {
	try {
		const {Username, Secret} = JSON.parse(stdout) as {Username?: unknown; Secret?: unknown};
		if (typeof Username !== 'string' || typeof Secret !== 'string') return undefined;
		// So keychains mark what is no password but a token for which passwords are fetched.
		return Username === '<token>' ? {serveraddress, identitytoken: Secret} : {serveraddress, username: Username, password: Secret};
	} catch {
		return undefined; // the parser's words would quote the secret
	}
}

/** The first part of a name is a registry if it looks like a host. */
function registryOf(image: string): string {
	const [first = '', ...rest] = image.split('/');
	const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
	return isHost && !['docker.io', 'index.docker.io'].includes(first) ? first : hub;
}

function hostOf(key: string): string {
	return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}
