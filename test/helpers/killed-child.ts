import {spawn} from 'node:child_process';
import {once} from 'node:events';

/** Runs a program of ours until it has printed `lines` lines, kills it with -9, and resolves with all that it had printed whole. */
export async function killAfter(program: string, args: readonly string[], lines: number): Promise<readonly string[]> {
	const child = spawn(process.execPath, [program, ...args], {stdio: ['ignore', 'pipe', 'inherit']});
	const ended = once(child, 'exit');
	let text = '';
	for await (const chunk of child.stdout.setEncoding('utf8')) {
		text += chunk;
		if (text.split('\n').length > lines) child.kill('SIGKILL');
	}
	await ended;
	return text.split('\n').slice(0, -1);
}
