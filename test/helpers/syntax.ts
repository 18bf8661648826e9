import {posix} from 'node:path';
import {parseSync} from 'rolldown/utils';
import type {TextFile} from './source-tree.ts';

/** A node of the syntax tree (ESTree with TypeScript); offsets are UTF-16 code units. */
export type SyntaxNode = {readonly type: string; readonly start: number; readonly end: number; readonly [key: string]: unknown};

/** A node and what it stands in, outermost first. */
export type Placed = {readonly node: SyntaxNode; readonly parents: readonly SyntaxNode[]};

export type Import = {
	/** As written; undefined where it is computed. */
	readonly specifier: string | undefined;
	/** By `import type` or `export type`, or within a type. */
	readonly typeOnly: boolean;
	/** By `import()`. */
	readonly lazy: boolean;
	readonly line: number;
};

export type Code = TextFile & {
	readonly nodes: readonly Placed[];
	readonly comments: readonly SyntaxNode[];
	readonly imports: readonly Import[];
};

/** Parses TypeScript or JavaScript. Throws, naming the file, where that cannot be done. */
export function parseCode(file: TextFile): Code {
	const {program, comments, errors} = parseSync(file.path, file.text);
	if (errors[0] !== undefined) throw new Error(`${file.path}: ${errors[0].message}`);
	const nodes = [...walk(program as unknown as SyntaxNode, [])];
	return {...file, nodes, comments: comments as unknown as SyntaxNode[], imports: importsOf(file, nodes)};
}

function* walk(node: SyntaxNode, parents: readonly SyntaxNode[]): Generator<Placed> {
	yield {node, parents};
	const inside = [...parents, node];
	for (const value of Object.values(node).flat()) {
		if (isNode(value)) yield* walk(value, inside);
	}
}

export function isNode(value: unknown): value is SyntaxNode {
	return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'start' in value;
}

/** Everything that names another module: types, re-exports and `import()` too. */
function importsOf(file: TextFile, nodes: readonly Placed[]): readonly Import[] {
	const kinds = new Set(['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression', 'TSImportType']);
	return nodes
		.map(({node}) => node)
		.filter(node => kinds.has(node.type) && isNode(node.source))
		.map(node => {
			const value = isNode(node.source) ? node.source.value : undefined;
			return {
				specifier: typeof value === 'string' ? value : undefined,
				typeOnly: node.importKind === 'type' || node.exportKind === 'type' || node.type === 'TSImportType',
				lazy: node.type === 'ImportExpression',
				line: lineAt(file, node.start),
			};
		});
}

/** The file that a relative import names; undefined for packages and built-in modules. */
export function relativeTarget(file: TextFile, specifier: string): string | undefined {
	return /^\.\.?\//.test(specifier) ? posix.join(posix.dirname(file.path), specifier) : undefined;
}

/** The line of an offset, from 1. */
export function lineAt(file: TextFile, offset: number): number {
	return file.text.slice(0, offset).split('\n').length;
}
