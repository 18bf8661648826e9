import type {Container, ContainerEnd} from './container.ts';
import type {KubeObject} from './objects.ts';
import {now} from './store.ts';

type Status = Record<string, unknown>;

const conditionsOf = (values: Readonly<Record<string, boolean>>, reason?: string) =>
	Object.entries(values).map(([type, value]) => ({
		type,
		status: value ? 'True' : 'False',
		lastProbeTime: null,
		lastTransitionTime: now(),
		...(!value && reason !== undefined && {reason}),
	}));

/** It has a node. */
export function initialStatus(): Status {
	return {phase: 'Pending', startTime: now(), hostIP: '127.0.0.1', conditions: conditionsOf({PodScheduled: true})};
}

/** Its container waits. */
export function waitingStatus(pod: KubeObject, reason: string, message?: string): Status {
	return {
		phase: 'Pending',
		conditions: conditionsOf({Initialized: true, Ready: false, ContainersReady: false, PodScheduled: true}, 'ContainersNotReady'),
		containerStatuses: [containerStatus(pod, {waiting: {reason, ...(message !== undefined && {message})}}, false)],
	};
}

export function runningStatus(pod: KubeObject, {startedAt}: Container, podIP: string, ready: boolean): Status {
	return {
		phase: 'Running',
		podIP,
		podIPs: [{ip: podIP}],
		conditions: conditionsOf({Initialized: true, Ready: ready, ContainersReady: ready, PodScheduled: true}, 'ContainersNotReady'),
		containerStatuses: [containerStatus(pod, {running: {startedAt: now(startedAt)}}, ready)],
	};
}

export function terminatedStatus(pod: KubeObject, {startedAt}: Container, {exitCode, startError}: ContainerEnd): Status {
	const ended = exitCode === 0 ? 'Completed' : 'Error';
	const reason = startError === undefined ? ended : 'StartError';
	const terminated = {
		exitCode,
		reason,
		...(startError !== undefined && {message: startError}),
		startedAt: startError === undefined ? now(startedAt) : '1970-01-01T00:00:00Z',
		finishedAt: now(),
		containerID: 'containerd://fake',
	};
	return {
		phase: exitCode === 0 ? 'Succeeded' : 'Failed',
		conditions: conditionsOf({Initialized: true, Ready: false, ContainersReady: false, PodScheduled: true}, 'PodFailed'),
		containerStatuses: [containerStatus(pod, {terminated}, false)],
	};
}

function containerStatus({spec}: KubeObject, state: object, ready: boolean): object {
	const [{name, image}] = spec.containers;
	return {name, state, lastState: {}, ready, restartCount: 0, image, imageID: '', started: ready};
}
