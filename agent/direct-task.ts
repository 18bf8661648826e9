import {constants} from 'node:os';
import {StringDecoder} from 'node:string_decoder';
import type {Outcome} from '../source/model/run.ts';
import type {TaskReply} from '../source/protocol/task.ts';
import {parseTaskRequest} from '../source/protocol/task.ts';
import type {Agent} from './agent.ts';
import type {Call} from './http.ts';

/** As a shell has it for a command that cannot be run. */
const notRunCode = 126;
/** As `timeout` has it, where a command that was ended exits with 0 all the same. */
const endedCode = 124;

/**
 * `POST /task`: runs a command for whoever asks, and resolves with the reply when nothing of it runs any more; with undefined when
 * the caller hung up, which ends the command. `outputBytes`: of stdout and of stderr each.
 * Throws what the body and the agent's slots give reason for.
 */
export async function runDirectTask(agent: Agent, {body, gone}: Call, outputBytes: number): Promise<TaskReply | undefined> {
	const request = parseTaskRequest(body);
	if (gone.aborted) return undefined;
	const output = {stdout: new Kept(outputBytes), stderr: new Kept(outputBytes)};
	const direct = agent.runDirectly(request, (stream, data) => output[stream].add(data));
	gone.addEventListener('abort', () => direct.stop({status: 'cancelled', reason: 'the caller hung up'}), {once: true});
	const outcome = await direct.ended;
	return gone.aborted ? undefined : replyOf(outcome, output.stdout.text, output.stderr.text);
}

function replyOf(outcome: Outcome, output: string, errors: string): TaskReply {
	if (outcome.status === 'succeeded') return {status: 'success', output, returncode: 0};
	const {reason} = outcome;
	const gap = errors === '' || errors.endsWith('\n') ? '' : '\n';
	const message = reason === undefined ? errors : `${errors}${gap}${reason}`;
	return {status: 'error', output, returncode: returnCode(outcome), message};
}

function returnCode({exitCode, signal}: Outcome): number {
	if (signal !== undefined) return 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
	return exitCode === 0 ? endedCode : (exitCode ?? notRunCode);
}

/** The beginning of a stream. */
class Kept {
	readonly #most: number;
	readonly #pieces: Buffer[] = [];
	#bytes = 0;

	constructor(most: number) {
		this.#most = most;
	}

	add(data: Buffer): void {
		const room = this.#most - this.#bytes;
		if (room > 0) this.#pieces.push(data.subarray(0, room));
		this.#bytes += data.length;
	}

	/** Bytes that are no UTF-8 are replaced; what was cut is told in a last line. */
	get text(): string {
		const kept = Buffer.concat(this.#pieces);
		if (this.#bytes <= this.#most) return kept.toString('utf8');
		const whole = new StringDecoder('utf8').write(kept); // without the half of a character
		return `${whole}\n[byoai: cut after ${this.#most} of ${this.#bytes} bytes, limit task_output_bytes]\n`;
	}
}
