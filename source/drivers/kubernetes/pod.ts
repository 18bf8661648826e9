import {attemptLabel, containerName, instanceAnnotation, ownerLabel, runLabel} from './spec.ts';

/** A pod as the API server tells of it, as far as byoai looks at it. Times are text. */
export type Pod = {
	readonly metadata: {
		readonly name: string;
		readonly uid?: string;
		readonly resourceVersion?: string;
		readonly creationTimestamp?: string;
		readonly deletionTimestamp?: string;
		readonly labels?: Readonly<Record<string, string>>;
		readonly annotations?: Readonly<Record<string, string>>;
	};
	readonly spec?: {
		readonly nodeName?: string;
		readonly restartPolicy?: string;
		readonly containers?: ReadonlyArray<{
			readonly name: string;
			readonly image?: string;
			readonly resources?: {readonly limits?: Readonly<Record<string, string>>};
		}> | null;
	};
	readonly status?: {
		readonly phase?: string;
		readonly reason?: string;
		readonly message?: string;
		readonly podIP?: string;
		readonly conditions?: readonly Condition[];
		readonly containerStatuses?: readonly ContainerStatus[];
	};
};

type Condition = {readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string};

type ContainerStatus = {
	readonly name: string;
	readonly restartCount?: number;
	readonly state?: {
		readonly waiting?: {readonly reason?: string; readonly message?: string};
		readonly running?: {readonly startedAt?: string};
		readonly terminated?: Terminated;
	};
	readonly lastState?: {readonly terminated?: Terminated};
};

export type Terminated = {
	readonly exitCode: number;
	readonly reason?: string;
	readonly message?: string;
	readonly startedAt?: string;
	readonly finishedAt?: string;
};

/** What of a pod is remembered: all that it is looked at for, and no more. */
export type PodFacts = {
	readonly name: string;
	readonly uid: string;
	readonly version: number;
	/** The instance; absent: no pod of byoai's. */
	readonly instance?: string;
	readonly owner?: string;
	readonly run?: string;
	/** Milliseconds since 1970. */
	readonly createdAt: number;
	/** It runs the program of one attempt, and stays when that has ended. */
	readonly isTask: boolean;
	readonly phase: string;
	/** Why the pod itself ended: Evicted, DeadlineExceeded, NodeLost. */
	readonly reason?: string;
	readonly message?: string;
	readonly ip?: string;
	readonly node?: string;
	readonly image: string;
	/** As it was asked for; of `resources.limits.memory`. */
	readonly memory?: string;
	readonly isReady: boolean;
	/** Milliseconds since 1970: by when it should be gone. */
	readonly deletion?: number;
	/** What the scheduler says, where it finds no node. */
	readonly unschedulable?: string;
	readonly waiting?: {readonly reason: string; readonly message: string};
	readonly isRunning: boolean;
	readonly terminated?: Terminated;
	/** The end before this start of its program. */
	readonly before?: Terminated;
	readonly restarts: number;
	/** The API server does not know it any more. */
	readonly isGone: boolean;
};

/** Reads a pod, as lists and watches bring it. */
export function factsOf({metadata, spec, status}: Pod, isGone = false): PodFacts {
	const container = spec?.containers?.find(({name}) => name === containerName) ?? spec?.containers?.[0];
	const own = status?.containerStatuses?.find(({name}) => name === containerName) ?? status?.containerStatuses?.[0];
	const condition = (type: string) => status?.conditions?.find(each => each.type === type);
	const scheduled = condition('PodScheduled');
	const memory = container?.resources?.limits?.memory;
	const {waiting, running, terminated} = own?.state ?? {};
	return {
		name: metadata.name,
		uid: metadata.uid ?? '',
		version: Number(metadata.resourceVersion ?? 0),
		...optional('instance', metadata.annotations?.[instanceAnnotation]),
		...optional('owner', metadata.labels?.[ownerLabel]),
		...optional('run', metadata.labels?.[runLabel]),
		createdAt: Date.parse(metadata.creationTimestamp ?? '') || 0,
		isTask: metadata.labels?.[attemptLabel] !== undefined,
		phase: status?.phase ?? 'Pending',
		...optional('reason', status?.reason),
		...optional('message', status?.message),
		...optional('ip', status?.podIP),
		...optional('node', spec?.nodeName),
		image: container?.image ?? '',
		...optional('memory', memory),
		isReady: condition('Ready')?.status === 'True',
		...(metadata.deletionTimestamp !== undefined && {deletion: Date.parse(metadata.deletionTimestamp)}),
		...(scheduled?.status === 'False' && {unschedulable: scheduled.message ?? scheduled.reason ?? 'no node was found'}),
		...(waiting !== undefined && {waiting: {reason: waiting.reason ?? '', message: waiting.message ?? ''}}),
		isRunning: running !== undefined,
		...optional('terminated', terminated),
		...optional('before', own?.lastState?.terminated),
		restarts: own?.restartCount ?? 0,
		isGone,
	};
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): {[K in Key]?: Value} {
	return value === undefined || value === '' ? {} : ({[key]: value} as {[K in Key]: Value});
}
