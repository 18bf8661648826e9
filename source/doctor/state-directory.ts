import {constants} from 'node:fs';
import {access, stat} from 'node:fs/promises';
import type {Check, Finding} from './check.ts';
import {ok, problem} from './check.ts';
import type {Place} from './place.ts';
import {nearest, spaceFor} from './space.ts';

const other = 'name another directory with BYOAI_STATE_DIR';

/** Whether the state directory can be used, who has it, and whether its journal can be read. */
export const stateDirectory: Check = {name: 'state', find: async place => [await stateOf(place)]};

async function stateOf({config: {stateDir}, holder}: Place): Promise<Finding> {
	const there = nearest(stateDir);
	if (!(await stat(there)).isDirectory()) {
		return problem(`The state directory ${stateDir} cannot be: ${there} is a file.`, `move that file away, or ${other}`);
	}
	if (!(await mayUse(there))) {
		return problem(
			`The state directory ${stateDir} cannot be used: this user may not write to ${there}.`,
			`${rightsFor(stateDir, there)}, or ${other}`,
		);
	}
	if (there !== stateDir) return ok(`The state directory ${stateDir} is not there yet: the first run makes it.`);
	const found = await holder();
	if (found === undefined) return ok(`The state directory ${stateDir} has no state yet.`);
	if (found.url !== undefined) return ok(`The state directory ${stateDir} has an orchestrator, which answers at ${found.url}.`);
	return ok(`The state directory ${stateDir} can be used, and its journal be read; no orchestrator has it.`);
}

/**
 * What gives this user the directory, when `there` is as much of its path as is there. What lies above it is somebody else's: `/` perhaps.
 */
export function rightsFor(stateDir: string, there: string): string {
	const path = /^[\w@%+=:,./-]+$/.test(stateDir) ? stateDir : `'${stateDir.replaceAll("'", "'\\''")}'`;
	if (there === stateDir) return `\`sudo chown -R "$USER" ${path}\``;
	return `\`sudo mkdir -p ${path} && sudo chown "$USER" ${path}\``;
}

async function mayUse(directory: string): Promise<boolean> {
	return access(directory, constants.R_OK | constants.W_OK | constants.X_OK).then(
		() => true,
		() => false,
	);
}

/** Whether there is room for journal and output. */
export const stateSpace: Check = {
	name: 'disk',
	find: async ({config: {stateDir, limits}}) => [await spaceFor('state', stateDir, limits.low_disk_bytes)],
};
