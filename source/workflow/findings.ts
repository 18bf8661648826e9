import type {Problem} from '../model/error.ts';
import type {Aim, Path, Place} from './positions.ts';

type Finding = Aim & {readonly message: string; readonly path: Path};

/** Collects what is wrong with a file (or worth a notice), to be told all at once. */
export class Findings {
	readonly #found: Finding[] = [];
	readonly #silenced = new Set<string>();

	add(message: string, path: Path, aim: Aim = {}): void {
		this.#found.push({message, path, ...aim});
	}

	/** A value whose fault is told already: what else would be said about the same path is a consequence. */
	silence(path: Path): void {
		this.#silenced.add(keyOf(path));
	}

	isSilenced(path: Path): boolean {
		return this.#silenced.has(keyOf(path));
	}

	get count(): number {
		return this.#found.length;
	}

	/** The findings in the order of the file. */
	toProblems(placeOf: (path: Path, aim?: Aim) => Partial<Place>, file: string | undefined): Problem[] {
		return this.#found
			.map(({message, path, at, within}) => ({
				message,
				path: pathText(path),
				...(file !== undefined && {file}),
				...placeOf(path, {...(at && {at}), ...(within !== undefined && {within})}),
			}))
			.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
	}
}

function keyOf(path: Path): string {
	return JSON.stringify(path);
}

/** `tasks[2].retry.limit` */
function pathText(path: Path): string {
	let text = '';
	for (const segment of path) {
		if (typeof segment === 'number') text += `[${segment}]`;
		else text += text === '' ? segment : `.${segment}`;
	}
	return text;
}

/** The reverse of `pathText`. */
export function readPath(text: string): Path {
	return [...text.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([segment, index]) => (index === undefined ? segment : Number(index)));
}

/** The path as a problem names it: `retry.limit` within a task, which its line already tells. */
export function labelOf(path: Path): string {
	return pathText(typeof path[1] === 'number' && path.length > 2 ? path.slice(2) : path);
}
