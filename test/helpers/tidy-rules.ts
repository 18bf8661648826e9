import type {TextFile} from './source-tree.ts';
import type {Code, Placed, SyntaxNode} from './syntax.ts';
import {isNode, lineAt} from './syntax.ts';

/** Lines of a file; tests are lists and may be longer. */
const fileLines = {source: 260, test: 400};
const functionLines = 75;

/** Files that outgrew their name. */
export function longFiles(files: readonly TextFile[]): readonly string[] {
	return files.flatMap(file => {
		const lines = file.text.trimEnd().split('\n').length;
		const most = isTest(file) ? fileLines.test : fileLines.source;
		return lines > most ? [`${file.path}: ${lines} lines, at most ${most}`] : [];
	});
}

/** Functions that are too long. One that declares tests is a list of functions, and not counted. */
export function longFunctions(files: readonly Code[]): readonly string[] {
	const kinds = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
	return faultsAt(files, (file, {node}) => {
		if (!kinds.has(node.type)) return undefined;
		const lines = lineAt(file, node.end) - lineAt(file, node.start) + 1;
		if (lines <= functionLines || (isTest(file) && declaresTests(file, node))) return undefined;
		return `a function of ${lines} lines, at most ${functionLines}`;
	});
}

function declaresTests(file: Code, outer: SyntaxNode): boolean {
	return file.nodes.some(({node, parents}) => parents.includes(outer) && isTestCall(node));
}

function isTestCall(node: SyntaxNode): boolean {
	return node.type === 'CallExpression' && isTestFunction(dotted(node)[0]);
}

function isTestFunction(name: string | undefined): boolean {
	return name === 'test' || name === 'it' || name === 'describe';
}

/** Names that say nothing of what is inside. */
export function vagueNames(files: readonly TextFile[]): readonly string[] {
	return files
		.filter(({path}) => /(^|\/)(index\.\w+|utils?(\.\w+)?)(\/|$)/.test(path))
		.map(({path}) => `${path}: a name that does not say what is inside`);
}

/** Rooms whose functions give the same result for the same arguments, in any year and on any machine. */
const pureRooms = /^source\/(scheduler|model)\//;
const impureNames: ReadonlySet<string> = new Set([
	...['Date', 'performance', 'Intl', 'Promise', 'process', 'crypto', 'fetch', 'console', 'globalThis'],
	...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
]);

/** Clock, chance, platform and waiting in the pure rooms. */
export function impureCode(files: readonly Code[]): readonly string[] {
	const pure = files.filter(({path}) => pureRooms.test(path));
	const imports = pure.flatMap(file =>
		file.imports.filter(({specifier}) => specifier?.startsWith('node:')).map(({specifier, line}) => `${file.path}:${line}: ${specifier}`),
	);
	const code = faultsAt(pure, (_file, {node, parents}) => {
		if (node.type === 'AwaitExpression') return 'await';
		if (node.async === true) return 'async';
		if (node.type === 'ForOfStatement' && node.await === true) return 'for await';
		if (dotted(node).join('.') === 'Math.random') return 'Math.random';
		if (node.type === 'Identifier' && impureNames.has(String(node.name)) && !isMemberName(node, parents.at(-1))) return String(node.name);
		return undefined;
	});
	return [...imports, ...code];
}

/** Whether an identifier is only the name of a member: `x.process`, `{process: 1}`. */
function isMemberName(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
	if (parent === undefined || parent.computed === true || parent.shorthand === true) return false;
	return parent.property === node || parent.key === node;
}

/** The environment is read in one place, and the end of the process is decided in one place of each program. */
export function processUse(files: readonly Code[]): readonly string[] {
	const product = files.filter(({path}) => /^(source|agent)\//.test(path));
	return faultsAt(product, ({path}, {node}) => {
		const name = node.type === 'MemberExpression' ? dotted(node).join('.') : '';
		if (name === 'process.env' && path !== 'source/config.ts' && !path.startsWith('agent/'))
			return 'process.env outside of source/config.ts';
		const mayExit = path === 'source/cli.tsx' || path === 'agent/entry.ts';
		if (name === 'process.exit' && !mayExit) return 'process.exit outside of source/cli.tsx and agent/entry.ts';
		const destructured = node.type === 'VariableDeclarator' && dotted(node.init).join('.') === 'process';
		const imported = node.type === 'ImportDeclaration' && isNode(node.source) && node.source.value === 'node:process';
		return destructured || imported ? 'hides what is used of process: write process.x' : undefined;
	});
}

/** What Node has since 26. Tests may use it; the product runs on Node 24, too, where it would break only when it gets there. */
const newMembers: ReadonlySet<string> = new Set(['getOrInsert', 'getOrInsertComputed']);

export function tooNew(files: readonly Code[]): readonly string[] {
	const product = files.filter(({path}) => /^(source|agent)\//.test(path));
	return faultsAt(product, (_file, {node}) => {
		const name = node.type === 'MemberExpression' ? dotted(node).at(-1) : undefined;
		return name !== undefined && newMembers.has(name) ? `${name} is not in Node 24` : undefined;
	});
}

/** Notes to oneself: what is left to do stands in an issue, not in the code. */
export function leftovers(files: readonly Code[]): readonly string[] {
	return files.flatMap(file =>
		file.comments
			.filter(comment => /\b(TODO|FIXME|XXX|HACK)\b/.test(String(comment.value)))
			.map(comment => `${file.path}:${lineAt(file, comment.start)}: a note to oneself`),
	);
}

/** Tests that keep others from running, or that are passed over and do not say why. */
export function silencedTests(files: readonly Code[]): readonly string[] {
	return faultsAt(files.filter(isTest), (_file, {node}) => {
		const name = dotted(node);
		if (node.type === 'MemberExpression' && name.at(-1) === 'only' && isTestFunction(name[0]))
			return '.only keeps other tests from running';
		if (node.type !== 'CallExpression' || name.at(-1) !== 'skip') return undefined;
		const reason = !isTestFunction(name[0]) && isText([node.arguments].flat(2).at(-1));
		return reason ? undefined : 'skipped without a reason: context.skip(condition, reason) gives one';
	});
}

/** What replaces a module for a test: it comes too late where another test of the same process has read the module's users before. */
const moduleMocks: ReadonlySet<string> = new Set(['vi.mock', 'vi.doMock', 'vi.hoisted']);

export function mockedModules(files: readonly Code[]): readonly string[] {
	return faultsAt(files.filter(isTest), (_file, {node}) => {
		const name = node.type === 'CallExpression' ? dotted(node).join('.') : '';
		return moduleMocks.has(name) ? `${name} hangs on which tests ran before: hand in what is to be replaced` : undefined;
	});
}

function isText(value: unknown): boolean {
	return isNode(value) && (value.type === 'TemplateLiteral' || (value.type === 'Literal' && typeof value.value === 'string'));
}

/** Paths of one machine, on which nobody else's works. */
export function machinePaths(files: readonly TextFile[]): readonly string[] {
	const place = new RegExp(`(?<![\\w.-])(/${'work'}/|\\.\\./${'shared'}\\b)`);
	return files.flatMap(file =>
		file.text
			.split('\n')
			.flatMap((line, index) => (place.test(line) ? [`${file.path}:${index + 1}: a path of one machine: ${line.trim()}`] : [])),
	);
}

/** `a.b.c` → `['a', 'b', 'c']`; a call stands for its callee, so `test.each(x)` → `['test', 'each']`; else empty. */
function dotted(node: unknown): readonly string[] {
	if (!isNode(node)) return [];
	if (node.type === 'Identifier') return [String(node.name)];
	if (node.type === 'CallExpression') return dotted(node.callee);
	if (node.type !== 'MemberExpression' || !isNode(node.property)) return [];
	const name = node.property.type === 'Literal' ? String(node.property.value) : String(node.property.name);
	return [...dotted(node.object), name];
}

function isTest({path}: TextFile): boolean {
	return path.startsWith('test/');
}

function faultsAt(files: readonly Code[], find: (file: Code, placed: Placed) => string | undefined): string[] {
	return files.flatMap(file =>
		file.nodes.flatMap(placed => {
			const fault = find(file, placed);
			return fault === undefined ? [] : [`${file.path}:${lineAt(file, placed.node.start)}: ${fault}`];
		}),
	);
}
