import {constants} from 'node:os';
import type {Outcome} from '../model/run.ts';
import type {LogChunk} from '../protocol/messages.ts';
import {taskPath} from '../protocol/routes.ts';
import {refusal} from './calls.ts';
import type {HttpReply} from './http-call.ts';

/** What an answer to `POST /task` comes to. */
export type TaskEnd = {
	readonly outcome: Outcome;
	/** What the command printed, as far as the agent tells. */
	readonly output: ReadonlyArray<{readonly stream: LogChunk['stream']; readonly text: string}>;
};

/**
 * Reads `{status: "success"|"error", output?, returncode?, message?}`. The status decides: a return code that contradicts it is told as the
 * reason, and does not become the exit code. `output` is stdout and `message` stderr, whatever the status. A return code below 0 names a
 * signal, as in Python's `subprocess`. What is no such answer is a failed attempt, and says why. Undefined: it broke off.
 */
export function readTaskReply(reply: HttpReply): TaskEnd | undefined {
	const {status, headers, body} = reply;
	if (status !== 200) return failed(`the attempt on the agent failed: ${refusal(taskPath, reply).message}`, body);
	let said: unknown;
	try {
		said = JSON.parse(body.toString());
	} catch {
		// Where the end of the connection is the end of the answer, one that is no JSON may be half of one that is.
		const mayBeCut = headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
		return mayBeCut ? undefined : failed('the agent answered /task with something else than JSON', body);
	}
	return typeof said === 'object' && said !== null
		? endOf(said, body)
		: failed('the agent answered /task with JSON that is no object', body);
}

function endOf(said: {status?: unknown; output?: unknown; returncode?: unknown; message?: unknown}, body: Buffer): TaskEnd {
	const {status} = said;
	if (status !== 'success' && status !== 'error') return failed('the agent’s answer to /task has no status "success" or "error"', body);
	const output = said.output ?? '';
	const message = said.message ?? '';
	if (typeof output !== 'string' || typeof message !== 'string') {
		return failed('the agent’s answer to /task has an output or a message that is no text', body);
	}
	const code = said.returncode ?? undefined;
	if (code !== undefined && !Number.isSafeInteger(code))
		return failed('the agent’s answer to /task has a returncode that is no whole number', body);
	return {outcome: outcomeOf(status, code as number | undefined), output: texts(output, message)};
}

function outcomeOf(status: 'success' | 'error', code: number | undefined): Outcome {
	const isSuccess = status === 'success';
	const result = isSuccess ? 'succeeded' : 'failed';
	if (code === undefined) return {status: result};
	if (isSuccess !== (code === 0)) return {status: result, reason: `the agent says "${status}", with the return code ${code}`};
	if (code >= 0) return {status: result, exitCode: code};
	const signal = Object.entries(constants.signals).find(([, number]) => number === -code)?.[0];
	return signal === undefined ? {status: result, reason: `return code ${code}`} : {status: result, signal};
}

/** The answer itself is shown as the attempt's output, so that one sees what is wrong with it. */
function failed(reason: string, body: Buffer): TaskEnd {
	return {outcome: {status: 'failed', reason}, output: texts('', body.toString('utf8', 0, shownBytes))};
}

const shownBytes = 16 * 1024;

function texts(stdout: string, stderr: string): TaskEnd['output'] {
	return [
		{stream: 'stdout' as const, text: stdout},
		{stream: 'stderr' as const, text: stderr},
	].filter(({text}) => text !== '');
}
