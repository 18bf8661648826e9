import {readdirSync, readFileSync} from 'node:fs';
import {join, relative, sep} from 'node:path';

/** A text file; `path` is relative to the repository, with slashes. */
export type TextFile = {readonly path: string; readonly text: string};

/** What is not the project's own text. */
const foreign: ReadonlySet<string> = new Set(['.git', 'node_modules', 'dist', 'coverage', 'package-lock.json']);

const repository = join(import.meta.dirname, '../..');

/** Every file of the project, sorted by path. */
export function projectFiles(): readonly TextFile[] {
	return [...paths(repository)].sort().map(path => ({
		path: relative(repository, path).split(sep).join('/'),
		text: readFileSync(path, 'utf8'),
	}));
}

function* paths(directory: string): Generator<string> {
	for (const entry of readdirSync(directory, {withFileTypes: true})) {
		const path = join(directory, entry.name);
		if (foreign.has(entry.name) || entry.name.endsWith('.log')) continue;
		if (entry.isDirectory()) yield* paths(path);
		else if (entry.isFile()) yield path;
	}
}

/** Whether it is TypeScript or JavaScript. */
export function isCode(file: TextFile): boolean {
	return /\.[cm]?[jt]sx?$/.test(file.path);
}
