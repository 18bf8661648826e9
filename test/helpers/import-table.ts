import {isBuiltin} from 'node:module';
import type {Code, Import} from './syntax.ts';
import {relativeTarget} from './syntax.ts';

/**
 * Who may import what. A target is a room (`model`), a file of a room without its ending (`store/store`), a package, a built-in module
 * or `node:*`: all of these but `node:sqlite`. Each room may import itself. ARCHITECTURE.md has the same table with the reasons.
 */
type Row = {
	readonly may: readonly string[];
	/** Only by `import type`. */
	readonly types?: readonly string[];
	/** Only by `import()`, so that it costs nothing before it is needed. */
	readonly lazily?: readonly string[];
};

/** The floor plan: a room is a directory or a file under `source/`; `agent` is the agent program. */
const importTable: Readonly<Record<string, Row>> = {
	model: {may: []},
	scheduler: {may: ['model']},
	workflow: {may: ['model', 'js-yaml', 'zod']},
	protocol: {may: ['model', 'node:crypto']},
	drivers: {
		may: ['model', 'text/figures', 'node:*'],
		types: ['dockerode', '@kubernetes/client-node'],
		lazily: ['dockerode', '@kubernetes/client-node'],
	},
	store: {may: ['model', 'node:*', 'node:sqlite']},
	engine: {may: ['model', 'scheduler', 'drivers/driver', 'store/store', 'store/logs', 'node:*'], types: ['protocol/views']},
	agents: {may: ['engine', 'protocol', 'model', 'scheduler/state', 'node:*'], types: ['drivers/driver']},
	server: {
		may: ['engine', 'agents', 'protocol', 'workflow', 'model', 'scheduler/rerun', 'h3', 'zod', 'node:*'],
		types: ['scheduler'],
		lazily: ['node-forge'],
	},
	client: {may: ['protocol', 'model', 'node:*']},
	text: {may: ['model', 'picocolors', 'string-width'], types: ['protocol/views']},
	tui: {may: ['client', 'text', 'model', 'workflow/suggest', 'picocolors', 'node:*'], types: ['protocol']},
	app: {may: ['tui', 'client', 'model', 'ink', 'react', 'node:*']},
	doctor: {may: ['model', 'node:*'], types: ['config', 'drivers/docker/survey', 'drivers/kubernetes/survey']},
	agent: {may: ['protocol', 'model', 'node:*']},
	config: {may: ['model', 'js-yaml', 'node:*']},
	'driver-set': {may: ['model', 'drivers', 'store', 'node:*'], types: ['agents', 'config']},
	orchestrator: {
		may: [
			'model',
			'workflow',
			'protocol',
			'scheduler',
			'engine',
			'agents',
			'driver-set',
			'store',
			'server',
			'client',
			'config',
			'version',
			'node:*',
		],
	},
	commands: {
		may: [
			'client',
			'protocol',
			'workflow',
			'model',
			'text',
			'config',
			'version',
			'orchestrator',
			'doctor',
			'drivers/docker/survey',
			'drivers/refusals',
			'drivers/kubernetes/survey',
			'store/state-directory',
			'tui/keys/keymap',
			'tui/keys/rebind',
			'js-yaml',
			'meow',
			'node:*',
		],
		lazily: ['app', 'agent/main'],
		types: ['tui'],
	},
	cli: {may: ['config', 'commands', 'version', 'model', 'meow', 'node:*']},
	version: {may: ['package.json']},
};

/** Imports that the table does not allow, and files that stand in no room. */
export function importFaults(files: readonly Code[]): readonly string[] {
	return files.flatMap(file => {
		const room = roomOf(file.path);
		if (room === undefined) return [];
		const row = importTable[room];
		if (row === undefined) return [`${file.path}: ${room} is no room of the floor plan`];
		return file.imports.flatMap(found => {
			const problem = importProblem(file, room, row, found);
			return problem === undefined ? [] : [`${file.path}:${found.line}: ${problem}`];
		});
	});
}

/** `source/model/ids.ts` → `model`, `source/cli.tsx` → `cli`, `agent/main.ts` → `agent`; undefined: it is no part of the product. */
function roomOf(path: string): string | undefined {
	return /^source\/([^/.]+)/.exec(path)?.[1] ?? /^(agent)\//.exec(path)?.[1];
}

function importProblem(file: Code, room: string, row: Row, found: Import): string | undefined {
	if (found.specifier === undefined) return 'imports a computed path';
	if (isAnotherDriver(file, found.specifier)) return `a driver may not import another: ${found.specifier}`;
	const names = targetNames(file, found.specifier);
	const listed = (list: readonly string[] | undefined): boolean => names.some(name => list?.includes(name));
	if (names.includes(room) || listed(row.may)) return undefined;
	if (found.lazy && listed(row.lazily)) return undefined;
	if (listed(row.types)) return found.typeOnly ? undefined : `${room} may import ${found.specifier} by import type only`;
	if (listed(row.lazily)) return `${room} may import ${found.specifier} by import() only`;
	return `${room} may not import ${found.specifier}`;
}

/** Whether a file in the folder of one driver imports from the folder of another. */
function isAnotherDriver(file: Code, specifier: string): boolean {
	const [own, other] = [folderOf(file.path), folderOf(relativeTarget(file, specifier) ?? '')];
	return own?.startsWith('source/drivers/') === true && other?.startsWith('source/drivers/') === true && own !== other;
}

/** `source/tui/logs/view.ts` → `source/tui/logs`; undefined: it stands in no folder of a room. */
function folderOf(path: string): string | undefined {
	return /^source\/[^/]+\/[^/]+(?=\/)/.exec(path)?.[0];
}

/** All names under which the table may list what a specifier means. */
function targetNames(file: Code, specifier: string): readonly string[] {
	const path = relativeTarget(file, specifier);
	if (path !== undefined) return [roomOf(path) ?? path, path.replace(/^source\//, '').replace(/\.\w+$/, '')];
	if (!isBuiltin(specifier)) return [packageOf(specifier)];
	return specifier === 'node:sqlite' ? [specifier] : [specifier, 'node:*'];
}

function packageOf(specifier: string): string {
	return specifier
		.split('/')
		.slice(0, specifier.startsWith('@') ? 2 : 1)
		.join('/');
}

/** Files that import each other in a ring, types included, and so do folders within a room: one line for each ring found. */
export function cycleFaults(files: readonly Code[]): readonly string[] {
	const ofFiles = new Map(files.map(file => [file.path, targetPaths(file)]));
	const ofFolders = new Map<string, string[]>();
	for (const [path, targets] of ofFiles) {
		const folder = folderOf(path);
		if (folder === undefined) continue;
		const others = targets.flatMap(target => folderOf(target) ?? []).filter(other => other !== folder);
		ofFolders.set(folder, [...(ofFolders.get(folder) ?? []), ...others]);
	}
	return [...rings(ofFiles), ...rings(ofFolders)];
}

function rings(edges: ReadonlyMap<string, Iterable<string>>): readonly string[] {
	const done = new Set<string>();
	const found: string[] = [];
	const visit = (path: string, trail: readonly string[]): void => {
		if (trail.includes(path)) {
			found.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`);
		} else if (!done.has(path)) {
			for (const target of edges.get(path) ?? []) visit(target, [...trail, path]);
			done.add(path);
		}
	};
	for (const path of edges.keys()) visit(path, []);
	return found;
}

function targetPaths(file: Code): readonly string[] {
	return file.imports.flatMap(({specifier}) => (specifier === undefined ? [] : (relativeTarget(file, specifier) ?? [])));
}
