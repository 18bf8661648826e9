import {registerHooks, stripTypeScriptTypes} from 'node:module';

/** One rule broken: `find` stands exactly once in `file`, and is read as `replace`. */
export type Mutant = {
	readonly name: string;
	/** The rule that is broken: of the agent protocol by its number, or of the scheduler in words. */
	readonly rule: string;
	/** From the root of the project. */
	readonly file: string;
	readonly find: string;
	readonly replace: string;
	/** A seed that is known to show it. */
	readonly seed?: number;
};

/** What lives through worlds, in one tier or the other. */
export type Entry = './seeds.ts' | './whole/seeds.ts';

const root = new URL('../../', import.meta.url).href;
/** What every mutant reads unchanged, without its types. */
const stripped = new Map<string, string>();

/**
 * Imports `entry` anew, and with it everything of ours that it imports; the mutant's file is read with the one change. So
 * many mutants live in one process, each with modules of its own. Rejects if what is to be replaced does not stand there exactly
 * once (the product has changed, and the mutant must follow), or if nothing reads the file.
 */
export async function importMutated(mutant: Mutant, entry: Entry = './seeds.ts'): Promise<typeof import('./seeds.ts')> {
	const mark = `?mutant=${mutant.name}`;
	const target = new URL(mutant.file, root).href;
	let isDone = false;
	const hooks = registerHooks({
		resolve(specifier, context, nextResolve) {
			const resolved = nextResolve(specifier, context);
			const isOurs = resolved.url.startsWith(root) && !resolved.url.includes('/node_modules/');
			return isOurs && context.parentURL?.endsWith(mark) ? {...resolved, url: withoutQuery(resolved.url) + mark} : resolved;
		},
		load(url, context, nextLoad) {
			if (!url.endsWith(mark)) return nextLoad(url, context);
			const path = withoutQuery(url);
			const sound = stripped.getOrInsertComputed(path, () => stripTypeScriptTypes(String(nextLoad(path, context).source)));
			if (path !== target) return {format: 'module', source: sound, shortCircuit: true};
			isDone = true;
			return {format: 'module', source: stripTypeScriptTypes(broken(mutant, String(nextLoad(path, context).source))), shortCircuit: true};
		},
	});
	try {
		const seeds: typeof import('./seeds.ts') = await import(`${entry}${mark}`);
		if (!isDone) throw new Error(`mutant ${mutant.name}: nothing has read ${mutant.file}`);
		return seeds;
	} finally {
		hooks.deregister();
	}
}

function broken({name, file, find, replace}: Mutant, source: string): string {
	const parts = source.split(find);
	if (parts.length !== 2) throw new Error(`mutant ${name}: ${file} has ${parts.length - 1} times what it replaces:\n${find}`);
	return parts.join(replace);
}

function withoutQuery(url: string): string {
	return url.replace(/\?.*$/, '');
}
