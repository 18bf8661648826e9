import {registerHooks} from 'node:module';

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

const root = new URL('../../', import.meta.url);

/**
 * From now on the mutant's file is read with the one change. Throws, when it is read, if what is to be replaced does not stand
 * there exactly once: the product has changed, and the mutant must follow. Returns a function that throws if it never was read.
 */
export function mutate({name, file, find, replace}: Mutant): () => void {
	const target = new URL(file, root).href;
	let isDone = false;
	registerHooks({
		load(url, context, nextLoad) {
			const loaded = nextLoad(url, context);
			if (url !== target) return loaded;
			const parts = String(loaded.source).split(find);
			if (parts.length !== 2) throw new Error(`mutant ${name}: ${file} has ${parts.length - 1} times what it replaces:\n${find}`);
			isDone = true;
			return {...loaded, source: parts.join(replace)};
		},
	});
	return () => {
		if (!isDone) throw new Error(`mutant ${name}: nothing has read ${file}`);
	};
}
