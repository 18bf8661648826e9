import type {AgentSpec} from '../../model/workflow.ts';
import {agentDefaults} from '../../model/workflow.ts';
import {hasCluster} from './config.ts';
import type {Place} from './handle.ts';
import {atEachSite} from './list.ts';
import {allPods} from './pages.ts';
import type {Site} from './site.ts';
import {Sites} from './site.ts';
import {podManifest} from './spec.ts';
import {removePod} from './stop.ts';

/** Single questions to the usual cluster, for whoever looks at the whole. Each rejects with `unavailable`, in words, when it is not answered. */
export type KubernetesSurvey = {
	/** Undefined: none is configured here. */
	cluster(): Promise<ClusterFacts | undefined>;
	/** What our user may not do there and has to: `create pods`. */
	missingRights(): Promise<readonly string[]>;
	/** Whether the pod of an agent would be taken there; nothing is made. Rejects when it would be refused. */
	tryPod(): Promise<void>;
	/** All pods of this state directory, also in clusters of earlier runs. */
	pods(): Promise<readonly MadePod[]>;
	/** Kills one that `pods` told of. Resolves once it is gone. */
	remove(id: string): Promise<void>;
	close(): Promise<void>;
};

export type ClusterFacts = {readonly name: string; readonly address: string; readonly namespace: string; readonly version: string};

export type MadePod = {
	/** The uid. */
	readonly id: string;
	readonly name: string;
	readonly instance?: string;
	readonly run?: string;
	/** Milliseconds since 1970. */
	readonly createdAt: number;
	/** Its phase. */
	readonly status: string;
};

export type KubernetesSurveyOptions = {
	readonly defaults: Place;
	/** `AGENT_IMAGE` */
	readonly image: string;
	/** Where the state directory remembers places. */
	readonly memory: string;
	/** Id of the state directory; undefined: there is none. */
	readonly owner: () => Promise<string | undefined>;
	readonly answerMs: number;
};

type Review = {readonly status?: {readonly allowed?: boolean}};

const everywhere = ['create pods', 'get pods', 'list pods', 'watch pods', 'patch pods', 'delete pods', 'get pods/log', 'list events'];
/** To reach agents through the API server. */
const outside = ['get pods/proxy', 'create pods/proxy'];
/** What is left behind gets no time to end well. */
const removeGraceMs = 0;

/** Nothing is asked, nor the client library read, before something is wanted. */
export function createKubernetesSurvey(options: KubernetesSurveyOptions): KubernetesSurvey {
	const {defaults, image, memory, answerMs, owner: ownerOf} = options;
	const found = new Map<string, {readonly site: Site; readonly pod: string}>();
	let opening: Promise<Sites> | undefined;
	const open = () => {
		opening ??= ownerOf().then(owner => new Sites({defaults, memory, owner: owner ?? '', warn: () => undefined}));
		return opening;
	};
	const usual = async () => (await open()).get({});
	const isConfigured = () => hasCluster(defaults);

	return {
		async cluster() {
			if (!isConfigured()) return undefined;
			const {api} = await usual();
			const {name, server, place} = api.cluster;
			const told = await api.ask<{gitVersion?: string}>({doing: 'tell its version', path: '/version', timeoutMs: answerMs});
			return {name, address: server.host, namespace: place.namespace, version: told.gitVersion ?? '?'};
		},
		async missingRights() {
			const site = await usual();
			const rights = site.api.cluster.isOwn ? everywhere : [...everywhere, ...outside];
			const missing = await Promise.all(rights.map(right => mayNot(site, right, answerMs)));
			return rights.filter((_, index) => missing[index]);
		},
		async tryPod() {
			const {api, path} = await usual();
			const owner = (await ownerOf()) ?? 'doctor';
			const body = podManifest(
				{name: 'doctor', directory: '/', agent: anyAgent},
				{owner, image, stopGraceMs: removeGraceMs, instanceEnvironment: () => ({})},
			);
			await api.ask({doing: 'make pods', method: 'POST', path: `${path}?dryRun=All`, body, timeoutMs: answerMs});
		},
		async pods() {
			const owner = await ownerOf();
			if (owner === undefined || !isConfigured()) return [];
			const pods: MadePod[] = [];
			const sites = await open();
			await atEachSite(
				sites,
				() => undefined,
				async site => {
					for (const {uid, name, instance, run, createdAt, phase} of (await allPods(site.api, owner)).pods) {
						found.set(uid, {site, pod: name});
						pods.push({
							id: uid,
							name,
							status: phase,
							createdAt,
							...(instance !== undefined && {instance}),
							...(run !== undefined && {run}),
						});
					}
				},
			);
			return pods;
		},
		async remove(id) {
			const known = found.get(id);
			if (known === undefined) return;
			await removePod({...known, uid: id, graceMs: removeGraceMs, signal: new AbortController().signal});
		},
		close: async () => (await opening)?.close(),
	};
}

async function mayNot({api, place: {namespace}}: Site, right: string, timeoutMs: number): Promise<boolean> {
	const [verb, wanted = ''] = right.split(' ');
	const [resource, subresource] = wanted.split('/');
	const resourceAttributes = {namespace, verb, resource, ...(subresource !== undefined && {subresource})};
	const body = {apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: {resourceAttributes}};
	const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
	const {status} = await api.ask<Review>({doing: 'ask what it may do', method: 'POST', path, body, timeoutMs});
	return status?.allowed !== true;
}

const anyAgent: AgentSpec = {...agentDefaults, name: 'doctor', type: 'kubernetes'};
