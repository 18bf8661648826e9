import {existsSync} from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import {homedir} from 'node:os';
import {delimiter, join} from 'node:path';
import type {KubeConfig} from '@kubernetes/client-node';
import {ByoaiError} from '../../model/error.ts';
import {whyUnreadable} from '../../model/unreadable.ts';
import type {Place} from './handle.ts';

/** Who speaks to an API server, and whom it trusts, as the kubeconfig has it at that moment: tokens are renewed in between. */
export type Credentials = {
	readonly headers: Readonly<Record<string, string>>;
	/** Keeps connections. */
	readonly kept: http.Agent;
	/** Makes a new connection for each request. */
	readonly single: http.Agent;
};

/** An API server, and how it is spoken to. */
export type Cluster = {
	readonly server: URL;
	/** Where this is, in full: the current context, or the usual file, may be another tomorrow. */
	readonly place: Place & {readonly namespace: string};
	/** For people: the context, or that it is the cluster byoai runs in. */
	readonly name: string;
	/** byoai runs in a pod of this very cluster, and reaches the addresses of others. */
	readonly isOwn: boolean;
	credentials(): Promise<Credentials>;
	close(): void;
};

const withoutCluster =
	'No Kubernetes cluster is configured here: put a kubeconfig into ~/.kube/config, or name one with KUBECONFIG (`kubectl config view` shows what there is).';
const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Reads the configuration of a place; so the client library is read, which whoever needs no Kubernetes does not pay for. Rejects with `unavailable`. */
export async function openCluster(place: Place): Promise<Cluster> {
	const files = filesOf(place);
	const {KubeConfig: Config} = await import('@kubernetes/client-node');
	const config = new Config();
	const isOwn = files === undefined;
	if (isOwn) config.loadFromCluster();
	else load(() => new Config(), config, files);
	const context = isOwn ? config.getCurrentContext() : (place.context ?? config.getCurrentContext());
	if (!isOwn) chooseContext(config, context);
	const cluster = config.getCurrentCluster();
	const server = URL.parse(cluster?.server ?? '');
	if (cluster === null || server === null) {
		throw new ByoaiError('unavailable', `The context ${context} of the kubeconfig names no cluster with the URL of a server.`);
	}
	const agents = createAgents(config, server);
	return {
		server,
		place: {
			...(!isOwn && {kubeconfig: files.join(delimiter), context}),
			namespace: place.namespace ?? config.getContextObject(context)?.namespace ?? 'default',
		},
		name: isOwn ? 'the cluster that byoai runs in' : `context ${context}`,
		isOwn,
		credentials: agents.credentials,
		close: agents.close,
	};
}

/** Whether anything says where a cluster is. */
export function hasCluster(place: Place): boolean {
	return findFiles(place) !== 'none';
}

/** The files of a kubeconfig; undefined: none, it is the service account of the pod that byoai runs in. Throws `unavailable`: neither is there. */
function filesOf(place: Place): readonly string[] | undefined {
	const found = findFiles(place);
	if (found === 'none') throw new ByoaiError('unavailable', withoutCluster);
	return found;
}

function findFiles({kubeconfig, context}: Place): readonly string[] | undefined | 'none' {
	const named = (kubeconfig ?? '').split(delimiter).filter(path => path !== '');
	if (named.length > 0) return named;
	const usual = join(homedir(), '.kube', 'config');
	if (existsSync(usual)) return [usual];
	return context === undefined && existsSync(serviceAccountToken) ? undefined : 'none';
}

function load(create: () => KubeConfig, config: KubeConfig, [first = '', ...others]: readonly string[]): void {
	try {
		config.loadFromFile(first);
		for (const other of others) {
			const more = create();
			more.loadFromFile(other);
			config.mergeConfig(more);
		}
	} catch (error) {
		const files = [first, ...others].join(delimiter);
		throw new ByoaiError('unavailable', `The kubeconfig ${files} cannot be read: ${whyUnreadable(error)}.`, {cause: error});
	}
}

function chooseContext(config: KubeConfig, context: string): void {
	if (config.getContextObject(context) === null) {
		const names = config.getContexts().map(({name}) => name);
		const there = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
		const missing = context ? `The kubeconfig has no context ${context}` : 'The kubeconfig has no current context';
		throw new ByoaiError('unavailable', `${missing} (${there}): name one with BYOAI_KUBE_CONTEXT, or \`kubectl config use-context\`.`);
	}
	config.setCurrentContext(context);
}

/** Connections are kept for as long as certificates and keys stay the same. */
function createAgents(config: KubeConfig, {protocol}: URL): Pick<Cluster, 'credentials' | 'close'> {
	let made: {readonly of: string; readonly kept: http.Agent; readonly single: http.Agent} | undefined;
	const close = () => {
		made?.kept.destroy();
		made?.single.destroy();
		made = undefined;
	};
	const ask = async (): Promise<Credentials> => {
		const options: https.RequestOptions = {};
		await config.applyToHTTPSOptions(options);
		const {ca, cert, key, rejectUnauthorized, servername, auth, agent, headers} = options;
		const proxied = Boolean(config.getCurrentCluster()?.proxyUrl) && agent instanceof http.Agent;
		const tls = {
			...(ca && {ca}),
			...(cert && {cert}),
			...(key && {key}),
			...(servername && {servername}),
			...(rejectUnauthorized === false && {rejectUnauthorized}),
		};
		const of = JSON.stringify(tls, (_, value) => (value instanceof Buffer ? value.toString('base64') : value));
		if (made?.of !== of) {
			close();
			const create = (keepAlive: boolean) => (protocol === 'https:' ? new https.Agent({keepAlive, ...tls}) : new http.Agent({keepAlive}));
			made = proxied ? {of, kept: agent, single: agent} : {of, kept: create(true), single: create(false)};
		}
		const basic = typeof auth === 'string' ? {authorization: `Basic ${Buffer.from(auth).toString('base64')}`} : {};
		const named = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]);
		return {kept: made.kept, single: made.single, headers: {...Object.fromEntries(named), ...basic}};
	};
	let asking: Promise<Credentials> | undefined;
	// Whoever asks meanwhile gets the same answer: a plugin is a program, and many requests begin at once.
	const credentials = (): Promise<Credentials> => {
		asking ??= ask().finally(() => {
			asking = undefined;
		});
		return asking;
	};
	return {credentials, close};
}
