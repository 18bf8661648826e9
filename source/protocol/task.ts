import {durationMs} from '../model/durations.ts';
import {ByoaiError} from '../model/error.ts';
import {shellArgv} from '../model/shell.ts';
import type {Environment} from '../model/workflow.ts';
import {environment, malformed, record, text, textLimit, texts} from './values.ts';

/** What `POST /task` asks an agent to run, as it is understood. */
export type TaskRequest = {
	readonly name: string;
	/** A string runs as `sh -c`, a list of lines as `sh -ec`. */
	readonly command: string | readonly string[];
	/** argv before the script, instead of `sh -c`. */
	readonly shell?: readonly string[];
	/** Added to the agent's own environment. */
	readonly env: Environment;
	/** Absolute, or relative to where the agent runs. */
	readonly workingDir?: string;
	readonly timeoutMs?: number;
};

/** The answer to it, once the command has ended. */
export type TaskReply = {
	/** `success`: the command exited with 0, of itself and in time. */
	readonly status: 'success' | 'error';
	/** Its stdout. */
	readonly output: string;
	/** Its exit code; 128 + n when signal n ended it. Never 0 on error. */
	readonly returncode: number;
	/** On error: its stderr, and why it was ended or did not start. */
	readonly message?: string;
};

/** Characters of a task's name. */
const nameLimit = 200;

/**
 * A body of `POST /task`: `{name, command, env?, working_dir?, timeout?, shell?}`. `working_dir` may be spelled `workingDir`;
 * `timeout` is seconds or a duration, `shell` a name or an argv. Unknown keys are passed over, `null` is absent. Throws
 * `malformed`, and `invalid` for what is understood but cannot be.
 */
export function parseTaskRequest(value: unknown): TaskRequest {
	const body = record(value, 'the body');
	const command = typeof body.command === 'string' ? text(body.command, 'command', textLimit) : texts(body.command, 'command');
	const workingDir = body.working_dir ?? body.workingDir;
	return {
		name: text(body.name, 'name', nameLimit),
		command,
		env: environment(body.env ?? {}, 'env'),
		...(isThere(body.shell) && {shell: shell(body.shell, command)}),
		...(isThere(workingDir) && {workingDir: text(workingDir, 'working_dir', textLimit)}),
		...(isThere(body.timeout) && {timeoutMs: timeout(body.timeout)}),
	};
}

function isThere(value: unknown): boolean {
	return value !== undefined && value !== null;
}

function shell(value: unknown, command: TaskRequest['command']): readonly string[] {
	const argv = typeof value === 'string' ? value : texts(value, 'shell');
	if (!(typeof argv === 'string' ? argv : argv[0])) throw invalid('shell', 'the name of a shell, or a list that begins with a program');
	return shellArgv(argv, command);
}

function timeout(value: unknown): number {
	if (typeof value !== 'number' && typeof value !== 'string') throw malformed('timeout', 'seconds, or a duration such as 90s');
	const ms = durationMs(value);
	if (ms === undefined || ms === 0) throw invalid('timeout', 'a time above 0 in seconds, or a duration such as 90s, 5m or 1h30m');
	return ms;
}

function invalid(path: string, expected: string): ByoaiError {
	const message = `${path} must be ${expected}`;
	return new ByoaiError('invalid', message, {problems: [{message, path}]});
}
