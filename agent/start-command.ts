import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {statSync} from 'node:fs';
import {messageOf} from '../source/model/error.ts';
import type {Outcome} from '../source/model/run.ts';
import type {Environment} from '../source/model/workflow.ts';
import type {CommandLine} from './command.ts';
import type {Pipes} from './fifos.ts';
import {closeWriteEnds} from './fifos.ts';

export type StartOptions = {
	readonly cwd: string;
	readonly env: Environment;
	/** Its stdout and stderr; the write ends are closed here, started or not. */
	readonly pipes: Pipes;
	/** Called in the same moment in which it starts, with its process group. */
	readonly began: (group: number) => void;
};

export type Started = {readonly child: ChildProcess; readonly group: number};

/** Starts a command as the leader of a process group of its own, without input. What does not start is a failed attempt. */
export async function startCommand(line: CommandLine, options: StartOptions): Promise<Started | {readonly failure: Outcome}> {
	const {cwd, env, pipes, began} = options;
	try {
		const child = spawn(line.program, line.arguments, {cwd, env, stdio: ['ignore', ...pipes.writeEnds], detached: true});
		if (child.pid !== undefined) {
			began(child.pid);
			return {child, group: child.pid};
		}
		// Some errors are thrown, others are emitted.
		const [error] = await once(child, 'error');
		throw error;
	} catch (error) {
		return {failure: failureOf(error, line.program, cwd)};
	} finally {
		closeWriteEnds(pipes);
	}
}

/** Exit codes as a shell has them: 127 not found, 126 found and not to be run. */
function failureOf(error: unknown, program: string, cwd: string): Outcome {
	const directory = statSync(cwd, {throwIfNoEntry: false});
	if (!directory) return {status: 'failed', reason: `the working directory ${cwd} does not exist on the agent's host`};
	if (!directory.isDirectory()) return {status: 'failed', reason: `the working directory ${cwd} is not a directory`};
	const code = error instanceof Error && 'code' in error ? error.code : undefined;
	if (code === 'ENOENT') return {status: 'failed', exitCode: 127, reason: `${program}: not found`};
	if (code === 'EACCES') return {status: 'failed', exitCode: 126, reason: `${program}: permission denied`};
	if (code === 'E2BIG') return {status: 'failed', exitCode: 126, reason: 'its command or environment is too large for this system (E2BIG)'};
	return {status: 'failed', reason: `the command could not be started: ${messageOf(error)}`};
}
