import {EventEmitter} from 'node:events';
import {Readable, Writable} from 'node:stream';
import {main} from '../../source/commands/main.ts';
import type {Environment} from '../../source/config.ts';

/** A stream that keeps what was written to it. */
export class Sink extends Writable {
	text = '';

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		this.text += chunk.toString();
		done();
	}
}

export type Ended = {readonly status: number; readonly stdout: string; readonly stderr: string};

/** Runs the program in this process, without orchestrator or agent in processes of their own unless the command starts them. */
export async function runProgram(argv: readonly string[], environment: Environment = {}, input = ''): Promise<Ended> {
	const [stdout, stderr] = [new Sink(), new Sink()];
	const stdin = () => Readable.from(input === '' ? [] : [Buffer.from(input)]);
	const status = await main(argv, environment, {agentProgram: ['false'], stdin, stdout, stderr, signals: new EventEmitter()});
	return {status, stdout: stdout.text, stderr: stderr.text};
}
