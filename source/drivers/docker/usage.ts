import type {Readable} from 'node:stream';
import type Docker from 'dockerode';
import type {InstanceUsage} from '../../model/instance.ts';
import {inspect, isAlive} from './container.ts';
import {ask} from './engine.ts';
import {jsonLines} from './lines.ts';

/** As much as is needed of what the engine tells, about once a second, of a container. */
export type Stats = {
	/** When this was measured. */
	readonly read: string;
	readonly cpu_stats?: {readonly cpu_usage?: {readonly total_usage?: number}};
	readonly memory_stats?: {readonly usage?: number; readonly stats?: Readonly<Record<string, number>>};
};

/** What a container uses, as its engine measures it, until it ends. */
export async function* usageOf(docker: Docker, container: string, signal: AbortSignal): AsyncGenerator<InstanceUsage> {
	const facts = await inspect(docker, container);
	if (facts === undefined || !isAlive(facts) || signal.aborted) return;
	const limit = facts.HostConfig.Memory || undefined;
	const stream = (await ask('measure a container', docker.getContainer(container).stats({stream: true}))) as Readable;
	const giveUp = () => stream.destroy();
	signal.addEventListener('abort', giveUp);
	try {
		if (signal.aborted) return;
		let before: Stats | undefined;
		for await (const line of jsonLines(stream)) {
			const now = line as Stats;
			const usage = usageBetween(before, now);
			before = now;
			if (usage !== undefined) yield {...usage, ...(limit !== undefined && {memoryLimitBytes: limit})};
		}
	} catch (error) {
		if (!signal.aborted) throw error;
	} finally {
		signal.removeEventListener('abort', giveUp);
		stream.destroy();
	}
}

/** From two measurements in a row; undefined: they tell nothing, as of a container that has ended. */
export function usageBetween(before: Stats | undefined, now: Stats): InstanceUsage | undefined {
	const [was, is] = [before?.cpu_stats?.cpu_usage?.total_usage, now.cpu_stats?.cpu_usage?.total_usage];
	const memory = now.memory_stats?.usage;
	if (before === undefined || was === undefined || is === undefined || is < was || memory === undefined) return undefined;
	const ms = Date.parse(now.read) - Date.parse(before.read);
	if (!(ms > 0)) return undefined;
	// Files that are kept in memory as long as nobody needs it for something better: under the names of both versions of control groups.
	const {total_inactive_file: first, inactive_file: second} = now.memory_stats?.stats ?? {};
	return {cpu: (is - was) / 1e6 / ms, memoryBytes: Math.max(0, memory - (first ?? second ?? 0))};
}
