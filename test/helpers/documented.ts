import {readFileSync} from 'node:fs';
import {join} from 'node:path';

/** A command as the docs show it, and what it prints on standard output; undefined when they show nothing. */
export type Shown = {readonly command: string; readonly output: string | undefined};

const repository = join(import.meta.dirname, '../..');

/** The fenced blocks of a Markdown file of the project whose opening says exactly `info`. */
export function documentedBlocks(file: string, info: string): readonly string[] {
	const text = readFileSync(join(repository, file), 'utf8');
	return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].flatMap(([, opening, block = '']) => (opening === info ? [block] : []));
}

/** The complete workflows of a file: blocks that begin with a comment naming one. */
export function documentedWorkflows(file: string): ReadonlyMap<string, string> {
	const named = documentedBlocks(file, 'yaml').flatMap(text => {
		const name = /^# (\S+\.yml)\n/.exec(text)?.[1];
		return name === undefined ? [] : [[name, text] as const];
	});
	return new Map(named);
}

/** The commands of `console` blocks, each after a `$`. */
export function documentedCommands(file: string): readonly Shown[] {
	return documentedBlocks(file, 'console').flatMap(block =>
		block
			.split(/^\$ /m)
			.slice(1)
			.map(text => {
				const [command = '', ...lines] = text.trimEnd().split('\n');
				return {command, output: lines.length === 0 ? undefined : lines.join('\n')};
			}),
	);
}
