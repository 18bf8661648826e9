import {setTimeout as sleep} from 'node:timers/promises';
import type Docker from 'dockerode';
import type {ContainerInspectInfo} from 'dockerode';
import {ByoaiError} from '../../model/error.ts';
import type {InstanceEnd} from '../../model/instance.ts';
import {exitSignals} from '../exit-signals.ts';
import {endFromOutside} from './death.ts';
import {ask, askOfGone, statusOf} from './engine.ts';
import {agentLabel, containerName, instanceLabel, ownerLabel, taskLabel} from './spec.ts';

const outputBytes = 4096;
const outputLines = 20;
const removalLookMs = 50;
/** For the engine to end a container that was killed, and to take it away. */
const killMs = 60_000;

export type Facts = ContainerInspectInfo;

/** What the engine knows of a container, by id or name; undefined: there is none. */
export function inspect(docker: Docker, container: string): Promise<Facts | undefined> {
	return askOfGone(`look at container ${container}`, docker.getContainer(container).inspect());
}

/** The container of an instance of ours; undefined: there is none. Rejects with `unavailable` when its name is somebody else's. */
export async function inspectOwn(docker: Docker, owner: string, instance: string): Promise<Facts | undefined> {
	const name = containerName(owner, instance);
	const facts = await inspect(docker, name);
	if (facts === undefined || isOwn(facts, owner, instance)) return facts;
	throw new ByoaiError(
		'unavailable',
		`A container ${name} is there that byoai did not make: remove it (\`docker rm -f ${name}\`), or rename it.`,
	);
}

function isOwn({Config}: Facts, owner: string, instance: string): boolean {
	return Config.Labels?.[ownerLabel] === owner && Config.Labels[instanceLabel] === instance;
}

/** Whether tasks could run in it now, or go on. */
export function isAlive({State}: Facts): boolean {
	return State.Running && !State.Restarting;
}

type Ending = {readonly owner: string; readonly name: string; readonly container: string | undefined; readonly graceMs: number};

/** Ends the container of an instance, found by its name and by its id, where that is known. */
export async function endInstance(docker: Docker, {owner, name, container, graceMs}: Ending): Promise<void> {
	const named = await inspectOwn(docker, owner, name);
	const known = container === undefined ? undefined : await inspect(docker, container);
	if (named !== undefined) await endContainer(docker, named, graceMs);
	if (known !== undefined && known.Id !== named?.Id && isOwn(known, owner, name)) await endContainer(docker, known, graceMs);
}

/** Ends what runs in it, and takes it away with its nameless volumes. Fine when it is gone. */
async function endContainer(docker: Docker, facts: Facts, graceMs: number): Promise<void> {
	await endProgram(docker, facts, graceMs);
	await remove(docker, facts.Id);
}

/** Ends what runs in it: asks first, kills after `graceMs`. Fine when it has ended, or is gone. */
export async function endProgram(docker: Docker, facts: Facts, graceMs: number): Promise<void> {
	const {Id: id, State} = facts;
	if (State.Paused) return killPaused(docker, id);
	if (!isAlive(facts)) return;
	const t = Math.ceil(graceMs / 1000);
	await askOfGone(`stop container ${id}`, tolerant(docker.getContainer(id).stop({t}), [304]), graceMs + killMs);
}

/** Kills what runs, and takes everything away. Resolves when the engine does not know it any more. */
export async function remove(docker: Docker, id: string): Promise<void> {
	// 409: somebody else is removing it at this moment.
	await askOfGone(`remove container ${id}`, tolerant(docker.getContainer(id).remove({force: true, v: true}), [409]));
	for (const deadline = performance.now() + killMs; (await inspect(docker, id)) !== undefined; ) {
		if (performance.now() > deadline) throw new ByoaiError('unavailable', `Docker does not remove container ${id}.`, {retryable: true});
		await sleep(removalLookMs);
	}
}

/** The signal takes effect in the moment in which it goes on, before anything else of it does. Resolves when nothing of it runs any more. */
export async function killPaused(docker: Docker, id: string): Promise<void> {
	const container = docker.getContainer(id);
	await askOfGone(`kill container ${id}`, tolerant(container.kill(), [409, 500]));
	await askOfGone(`unpause container ${id}`, tolerant(container.unpause(), [409, 500]));
	await askOfGone(`kill container ${id}`, tolerant(container.kill(), [409, 500]));
	await askOfGone(`wait for container ${id}`, container.wait({condition: 'not-running'}));
}

async function tolerant(work: Promise<unknown>, statuses: readonly number[]): Promise<void> {
	try {
		await work;
	} catch (error) {
		if (!statuses.includes(statusOf(error) ?? 0)) throw error;
	}
}

/** How a container that does not run any more ended. Without an exit code where that says nothing of what it did: see `endFromOutside`. */
export async function endOf(docker: Docker, facts: Facts, isOurWish = false): Promise<InstanceEnd> {
	const {Id, State, HostConfig, Config} = facts;
	const [output, outside] = await Promise.all([lastOutput(docker, Id, Config.Tty), isOurWish ? undefined : endFromOutside(docker, facts)]);
	const printed = output === undefined ? {} : {output};
	if (outside !== undefined) return {...endedFromOutside(State, outside), ...printed};
	const missing =
		State.ExitCode === 127 ? /\[FATAL tini \(\d+\)\] exec (.+) failed: No such file or directory/.exec(output ?? '')?.[1] : undefined;
	return {
		...howEnded(State, {memoryBytes: HostConfig.Memory ?? 0, isOurWish}),
		...(isOurWish && {isAsked: true as const}),
		...(missing !== undefined && {cause: `${missing} is not in image ${Config.Image}: name another \`shell\`, or an image that has it`}),
		...(State.ExitCode === 0 && !isOurWish && isAgents(facts) && {cause: endedInGoodOrder(Config.Image)}),
		...durationOf(State),
		...printed,
	};
}

/** Whether it was made for an agent, and not for one task. */
function isAgents({Config}: Facts): boolean {
	return Config.Labels?.[agentLabel] !== undefined && Config.Labels[taskLabel] === undefined;
}

/** What any image does that was not made for agents, when its command is no server. */
function endedInGoodOrder(image: string): string {
	return `exited with code 0, which an agent program does only when it is asked to: image ${image} seems to have none. A task with an \`image\` of its own needs none`;
}

function endedFromOutside(state: Facts['State'], outside: 'outside' | 'unseen'): InstanceEnd {
	if (outside === 'unseen') return {cause: 'ended together with its Docker engine, which does not know how'};
	const signal = exitSignals[state.ExitCode];
	const cause = signal === undefined ? 'stopped by its Docker engine, or by somebody else (docker stop)' : `killed by ${signal}`;
	return {cause, ...(signal !== undefined && {signal}), ...durationOf(state)};
}

/** Times that are none begin with year 1. */
function durationOf({StartedAt, FinishedAt}: Facts['State']): Pick<InstanceEnd, 'durationMs'> {
	const [from, to] = [Date.parse(StartedAt), Date.parse(FinishedAt)];
	return from > 0 && to >= from ? {durationMs: to - from} : {};
}

/** SIGKILL, as an exit code. */
const killedCode = 137;

type Circumstances = {readonly memoryBytes: number; readonly isOurWish: boolean};

function howEnded({ExitCode, OOMKilled, Error: said, Status}: Facts['State'], {memoryBytes, isOurWish}: Circumstances): InstanceEnd {
	if (Status === 'created') return {cause: said ? `it could not be started: ${said}` : 'it was never started'};
	const limit = memoryBytes > 0 ? `: it may have ${Math.round(memoryBytes / 2 ** 20)} MiB (resources.limits.memory)` : '';
	if (OOMKilled) return {cause: `out of memory${limit}`, exitCode: ExitCode};
	// The engine misses it where a container has ended before it hears of the memory. Nobody else has killed it: that is known by now.
	if (ExitCode === killedCode && memoryBytes > 0 && !isOurWish) return {cause: `killed, perhaps out of memory${limit}`, exitCode: ExitCode};
	const signal = exitSignals[ExitCode];
	if (signal !== undefined) return {cause: `killed by ${signal}`, exitCode: ExitCode, signal};
	return {cause: `exited with code ${ExitCode}${said ? ` (${said})` : ''}`, exitCode: ExitCode};
}

/** The last of what it printed; undefined: nothing, or it cannot be had any more. */
export async function lastOutput(docker: Docker, id: string, isTerminal: boolean): Promise<string | undefined> {
	const logs = docker.getContainer(id).logs({stdout: true, stderr: true, tail: outputLines});
	// A container that is being removed has none (409); that its last words are lost is no reason not to tell of its end.
	const raw = await ask('read the output of a container', logs).catch(() => undefined);
	if (raw === undefined) return undefined;
	const text = (isTerminal ? raw : unframed(raw)).subarray(-outputBytes).toString('utf8');
	return text.trimEnd() || undefined;
}

/** Output comes in frames of eight bytes, the last four of which say how long what follows is. */
function unframed(raw: Buffer): Buffer {
	const pieces: Buffer[] = [];
	for (let at = 0; at + 8 <= raw.length; ) {
		const end = at + 8 + raw.readUInt32BE(at + 4);
		pieces.push(raw.subarray(at + 8, end));
		at = end;
	}
	return Buffer.concat(pieces);
}
