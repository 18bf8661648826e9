import type {InstanceEnd} from '../../model/instance.ts';
import {exitSignals} from '../exit-signals.ts';
import type {PodFacts, Terminated} from './pod.ts';

/**
 * Where a pod is. `starting`: in words, why it does not run yet. `failed`: it cannot start; `isHopeless` says that it never will, however
 * often it is tried. `ended`: it ran.
 */
export type PodState =
	| {readonly type: 'starting'; readonly words: string}
	| {readonly type: 'failed'; readonly words: string; readonly isHopeless: boolean}
	| {readonly type: 'runs'}
	| {readonly type: 'ended'; readonly end: InstanceEnd};

/** A node that is away gets so long after the time by which a pod of it should be gone. */
const lostNodeMs = 30_000;

/** Kubernetes tells times to the second; a shorter duration is better measured from outside. */
const toldFromMs = 10_000;

/** Reads where a pod is. `nowMs` is the wall clock. */
export function stateOf(facts: PodFacts, nowMs: number): PodState {
	const {terminated, waiting, phase} = facts;
	if (terminated?.reason === 'StartError' || terminated?.reason === 'ContainerCannotRun') {
		return failed(`its program cannot be started: ${runtimeWords(terminated.message ?? '')}`, true);
	}
	if (waiting?.reason === 'CrashLoopBackOff' || (facts.restarts > 0 && facts.before !== undefined && terminated === undefined)) {
		return {type: 'ended', end: crashLoop(facts, facts.before ?? terminated)};
	}
	const outside = endFromOutside(facts);
	if (terminated !== undefined) return {type: 'ended', end: outside === undefined ? endOfProgram(facts, terminated) : {cause: outside}};
	const lost = lostNode(facts, nowMs);
	if (lost !== undefined) return {type: 'ended', end: {cause: lost}};
	if (phase === 'Failed' || phase === 'Succeeded') return {type: 'ended', end: {cause: endOfPod(facts)}};
	if (facts.isGone) return {type: 'ended', end: {cause: removed}};
	if (facts.isRunning) return {type: 'runs'};
	return waiting === undefined ? unstarted(facts) : waits(facts, waiting);
}

function failed(words: string, isHopeless: boolean): PodState {
	return {type: 'failed', words, isHopeless};
}

function unstarted({unschedulable, node}: PodFacts): PodState {
	if (unschedulable === undefined)
		return {type: 'starting', words: node === undefined ? 'it waits for a node' : `node ${node} makes it ready`};
	const claim = /persistentvolumeclaim "([^"]+)" not found/.exec(unschedulable)?.[1];
	if (claim !== undefined) return failed(`there is no persistent volume claim ${claim} in its namespace`, true);
	return {type: 'starting', words: `no node takes it: ${sentence(unschedulable)}`};
}

/** Answers of a registry that will be the same the next time. */
const finalAnswers =
	/not ?found|unauthorized|authentication required|access denied|denied|forbidden|does not exist|manifest unknown|no match for platform/i;

function waits({image, node}: PodFacts, {reason, message}: {reason: string; message: string}): PodState {
	const said = registryWords(message);
	switch (reason) {
		case 'ErrImagePull':
			if (finalAnswers.test(said)) return failed(`its image ${image} cannot be pulled: ${said}`, true);
			return {type: 'starting', words: `its image ${image} cannot be pulled yet: ${said}`};
		case 'ImagePullBackOff':
			return failed(`its image ${image} cannot be pulled: ${said}`, finalAnswers.test(said));
		case 'ErrImageNeverPull':
			return failed(`its image ${image} is not on node ${node ?? '?'}, and \`pull_policy: never\` forbids to pull it`, true);
		case 'InvalidImageName':
			return failed(`${image} can be the name of no image: ${said}`, true);
		case 'CreateContainerConfigError':
		case 'CreateContainerError':
		case 'RunContainerError':
			return failed(`its container cannot be made: ${sentence(message)}`, true);
		default:
			return {type: 'starting', words: `node ${node ?? '?'} makes its container ready, or pulls its image ${image}`};
	}
}

/** The last part is what the registry said; before it each layer says that the one below failed. */
function registryWords(message: string): string {
	const text = message.replace(/^Back-off pulling image "[^"]*": (?:ErrImagePull: )?/, '').replace(/^rpc error: code = \S+ desc = /, '');
	return sentence(text.replace(/^failed to pull and unpack image "[^"]*": (?:failed to resolve reference "[^"]*": )?/, ''));
}

function runtimeWords(message: string): string {
	return sentence(message.replace(/^.*unable to start container process: /, '').replace(/: unknown$/, ''));
}

function sentence(text: string): string {
	return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}

const removed = 'its pod was removed by somebody else';

/**
 * Why a pod was ended together with its program, whose exit code then says nothing of its work; undefined: it was not. A program that ends in good
 * order when it is told to exits with 0. Its deadline is how byoai itself has a program end.
 */
function endFromOutside({deletion, reason, message}: PodFacts): string | undefined {
	if (reason !== undefined && reason !== 'DeadlineExceeded') return podReason(reason, message);
	return deletion === undefined ? undefined : removed;
}

/** How a program that had started ended. */
function endOfProgram(
	{memory, reason, message, isTask}: PodFacts,
	{exitCode, reason: why, startedAt, finishedAt}: Terminated,
): InstanceEnd {
	const durationMs = Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '');
	const isAsked = isTask && reason === 'DeadlineExceeded' && {isAsked: true as const};
	const rest = {exitCode, ...isAsked, ...(isTask && durationMs >= toldFromMs && {durationMs})};
	if (why === 'OOMKilled') {
		const limit = memory === undefined ? '' : `: it may have ${memory} (resources.limits.memory)`;
		return {cause: `out of memory${limit}`, ...rest};
	}
	const ofPod = reason === undefined ? '' : ` (${podReason(reason, message)})`;
	const signal = exitSignals[exitCode];
	if (signal !== undefined) return {cause: `killed by ${signal}${ofPod}`, signal, ...rest};
	return {cause: `exited with code ${exitCode}${ofPod}`, ...rest};
}

function endOfPod({reason, message, phase}: PodFacts): string {
	return reason === undefined ? `its pod went to ${phase} without a word` : podReason(reason, message);
}

function podReason(reason: string, message: string | undefined): string {
	const said = message === undefined ? '' : `: ${sentence(message)}`;
	if (reason === 'Evicted') return `evicted by its node${said}`;
	if (reason === 'DeadlineExceeded') return 'its activeDeadlineSeconds are over';
	return `${reason}${said}`;
}

function crashLoop({restarts}: PodFacts, last: Terminated | undefined): InstanceEnd {
	const how =
		last === undefined
			? ''
			: `: the last time it ${last.reason === 'OOMKilled' ? 'ran out of memory' : `exited with code ${last.exitCode}`}`;
	const output = last?.message?.trimEnd();
	return {
		cause: `its program ended and was started again ${restarts} times${how}`,
		...(last !== undefined && {exitCode: last.exitCode}),
		...(output && {output}),
	};
}

/** A node that does not answer leaves its pods as they were; when the cluster has given one up, so do we. */
function lostNode({reason, message, deletion, isRunning, isReady, node}: PodFacts, nowMs: number): string | undefined {
	if (reason === 'NodeLost') return `its node ${node ?? ''} was lost: ${sentence(message ?? '')}`;
	if (!isRunning || isReady || deletion === undefined || nowMs < deletion + lostNodeMs) return undefined;
	return `its node ${node ?? ''} does not answer any more, and the cluster has given its pod up`;
}
