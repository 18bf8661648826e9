import {createWriteStream} from 'node:fs';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {Client} from '../../client/client.ts';
import type {LogLine} from '../../protocol/views.ts';
import {printable} from '../../text/printable.ts';
import {formatTime} from '../../text/spans.ts';
import type {LinesOf} from './acts.ts';

/** `safe`: nothing in it steers a terminal but colours. `ending`: it is not wanted any more. */
export type OutputFile = {readonly file: string; readonly lines: LinesOf; readonly safe: boolean; readonly ending?: AbortSignal};

/** Writes the output so far to a new file, which nobody else may read; resolves with how many lines there are. Throws what the file system throws: `EEXIST` where there is one. */
export async function writeOutput(client: Client, {file, lines, safe, ending}: OutputFile): Promise<number> {
	const {run, task, agent} = lines;
	const query = {...(run !== undefined && {run}), ...(task !== undefined && {task}), ...(agent !== undefined && {agent})};
	const isSingle = task !== undefined;
	let count = 0;
	async function* text() {
		for await (const line of client.lines(query, ending)) {
			count++;
			yield `${isSingle ? '' : prefixOf(line)}${safe ? printable(line.text, true) : line.text}\n`;
		}
	}
	await pipeline(Readable.from(text()), createWriteStream(file, {flags: 'wx', mode: 0o600}), {signal: ending});
	return count;
}

function prefixOf({at, name}: LogLine): string {
	return `${formatTime(at)}  ${printable(name, false)} | `;
}
