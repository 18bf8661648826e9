import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import type {AgentRow} from '../../protocol/views.ts';

/** How to get into an agent: a program to run here, or, where that cannot be, what to do elsewhere, in words. */
export type Way = {readonly program: string; readonly args: readonly string[]} | {readonly words: string};

const execute = promisify(execFile);
const instanceLabel = 'byoai.instance';
/** What runs in the container: bash where there is one. */
const shell = ['sh', '-c', 'command -v bash >/dev/null && exec bash; exec sh'];

/** `isHere`: the orchestrator runs on this machine, and so do its containers. */
export async function shellOf({id, type}: Pick<AgentRow, 'id' | 'type'>, isHere: boolean): Promise<Way> {
	switch (type) {
		case 'docker': {
			const words = `docker exec -it $(docker ps -qf label=${instanceLabel}=${id}) sh`;
			if (!isHere) return {words: `on the orchestrator's machine: ${words}`};
			const containers = await containersOf(id);
			if (typeof containers === 'string') return {words: `${containers}; by hand: ${words}`};
			const [container, another] = containers;
			if (container === undefined) return {words: `agent ${id} has no container that runs`};
			if (another !== undefined)
				return {
					words: `several orchestrators have an agent ${id} here: ${containers.map(one => `docker exec -it ${one} sh`).join(', or ')}`,
				};
			return {program: 'docker', args: ['exec', '-it', container, ...shell]};
		}
		case 'kubernetes':
			return {words: `kubectl exec -it $(kubectl get pods -o name -l ${instanceLabel}=${id}) -- sh`};
		default:
			return {words: `agent ${id} is no container: it runs on its host as any program`};
	}
}

/** Ids of its containers that run; why they are not known. */
async function containersOf(id: string): Promise<readonly string[] | string> {
	try {
		const {stdout} = await execute('docker', ['ps', '--quiet', '--filter', `label=${instanceLabel}=${id}`]);
		return stdout.split('\n').filter(line => line !== '');
	} catch (error) {
		return `docker does not answer here: ${error instanceof Error ? (error.message.split('\n').at(-2) ?? error.message).trim() : String(error)}`;
	}
}
