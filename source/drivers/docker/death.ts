import type {Readable} from 'node:stream';
import type Docker from 'dockerode';
import type {ContainerInspectInfo} from 'dockerode';
import {ask} from './engine.ts';
import {jsonLines} from './lines.ts';

/**
 * What an engine writes down as the exit code of a container that it did not see end, because it was not there then. A program may have
 * ended with that code, too: then the engine tells of it.
 */
const unseenCode = 255;
/** Between the end of a container, and the engine's event of it. */
const eventMarginSeconds = 2;
/** HUP, USR1, USR2, CHLD, CONT, STOP, WINCH: they are sent to a program that is to go on. */
const harmless: ReadonlySet<number> = new Set([1, 10, 12, 17, 18, 19, 28]);

/**
 * How the end of a container came from outside: then its exit code says nothing of its work. `outside`: its engine ended it, or somebody
 * did by it; `unseen`: it ended while there was no engine to see it; undefined: it ended by itself.
 *
 * An engine that was killed and is started again ends the containers that it finds alive as `docker stop` does, and a program that answers
 * that by ending in good order exits with 0. The state of the container does not show it; the engine's events do. It keeps the last 256.
 */
export async function endFromOutside(
	docker: Docker,
	{Id, State}: Pick<ContainerInspectInfo, 'Id' | 'State'>,
): Promise<'outside' | 'unseen' | undefined> {
	if (State.Status === 'created' || State.OOMKilled) return undefined;
	const finishedAt = Date.parse(State.FinishedAt);
	if (finishedAt <= 0) return 'unseen'; // the year 1 is how the engine writes `never`
	if (Number.isNaN(finishedAt)) return undefined;
	const {signals, died} = await eventsOf(docker, Id, Date.parse(State.StartedAt), finishedAt);
	if (signals.some(signal => !harmless.has(signal) || State.ExitCode === 128 + signal)) return 'outside';
	return State.ExitCode === unseenCode && !died ? 'unseen' : undefined;
}

/** The signals that the engine sent, and whether it saw the end. Times in milliseconds, by the engine's clock. */
async function eventsOf(docker: Docker, id: string, startedAt: number, finishedAt: number): Promise<{signals: number[]; died: boolean}> {
	const signals: number[] = [];
	const filters = {type: ['container' as const], container: [id], event: ['kill', 'die']};
	const range = {since: Math.floor(startedAt / 1000), until: Math.ceil(finishedAt / 1000) + eventMarginSeconds};
	const read = async () => {
		const stream = (await docker.getEvents({filters, ...range})) as Readable;
		try {
			for await (const {Action, Actor} of jsonLines(stream)) {
				if (Action === 'die') return true;
				const {Attributes} = (Actor ?? {}) as {Attributes?: {signal?: string}};
				signals.push(Number(Attributes?.signal));
			}
			return false;
		} finally {
			stream.destroy();
		}
	};
	return {died: await ask('tell how a container ended', read()), signals};
}
