import type {Environment} from '../model/workflow.ts';

export type EnvFile = {
	readonly env: Environment;
	/** Lines, from 1, that are no assignment. Their text is kept out of messages: such files hold secrets. */
	readonly badLines: readonly number[];
};

const name = /[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*/;
const quoted = /'([^']*)'|"([^"\\]*(?:\\[\s\S][^"\\]*)*)"/;
const assignment = new RegExp(`${name.source}(?:(?:${quoted.source})[ \\t]*(?:#[^\\n]*)?|([^\\n]*))(?:\\n|$)`, 'y');
const blank = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const escapes: Readonly<Record<string, string>> = {n: '\n', r: '\r', t: '\t'};

/**
 * Reads the dotenv format: `NAME=value`, an optional `export` before it, `#` comments, values in single quotes (as they are) or double
 * quotes (with `\n`, `\"` …), both of which may go over several lines. `$X` in values is left alone.
 */
export function parseEnvFile(content: string): EnvFile {
	const text = content.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
	const entries: Array<[string, string]> = [];
	const badLines: number[] = [];
	let line = 1;
	for (let position = 0; position < text.length; ) {
		const end = endOf(blank, text, position) ?? readAssignment(text, position, entries);
		if (end === undefined) badLines.push(line);
		const next = end ?? nextLine(text, position);
		line += text.slice(position, next).split('\n').length - 1;
		position = next;
	}
	return {env: Object.fromEntries(entries), badLines};
}

function readAssignment(text: string, position: number, entries: Array<[string, string]>): number | undefined {
	assignment.lastIndex = position;
	const match = assignment.exec(text);
	if (match === null) return undefined;
	const [, key = '', single, double, bare = ''] = match;
	if (single === undefined && double === undefined && /^['"]/.test(bare)) return undefined;
	const unescaped = double?.replace(/\\([\s\S])/g, (_, character: string) => escapes[character] ?? character);
	entries.push([key, single ?? unescaped ?? bare.replace(/(?:^|[ \t])#.*$/, '').trim()]);
	return assignment.lastIndex;
}

function endOf(pattern: RegExp, text: string, position: number): number | undefined {
	pattern.lastIndex = position;
	return pattern.test(text) ? pattern.lastIndex : undefined;
}

function nextLine(text: string, position: number): number {
	const end = text.indexOf('\n', position);
	return end < 0 ? text.length : end + 1;
}
