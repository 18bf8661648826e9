import type {Limits} from '../model/limits.ts';
import type {Path} from './positions.ts';

/** Size, in characters or thereabouts, and nesting of a value when every alias in it is written out. */
type Extent = {readonly size: number; readonly height: number};

/**
 * A YAML alias shares its value, so that a small file can stand for an endless or huge one. Says what is wrong with such
 * a value, and where; undefined when it stays within the limits when written out.
 */
export function measureAliases(value: unknown, limits: Limits): {message: string; path: Path} | undefined {
	const known = new Map<object, Extent | 'open'>();
	const path: Array<string | number> = [];
	let message: string | undefined;

	function measure(node: unknown): Extent {
		if (typeof node !== 'object' || node === null) return {size: String(node).length, height: 0};
		const extent = known.get(node) ?? measureCollection(node);
		if (extent === 'open') message ??= 'this alias is part of what it stands for: the value would be endless';
		else if (path.length + extent.height > limits.workflow_depth) {
			message ??= `with aliases written out, nested deeper than the limit workflow_depth permits (${limits.workflow_depth})`;
		} else if (extent.size > limits.workflow_bytes) {
			message ??= `with aliases written out, larger than the limit workflow_bytes permits (${limits.workflow_bytes})`;
		} else return extent;
		return {size: 0, height: 0};
	}

	function measureCollection(node: object): Extent {
		known.set(node, 'open');
		let [size, height] = [1, 0];
		for (const [key, item] of Array.isArray(node) ? node.entries() : Object.entries(node)) {
			path.push(key);
			const inner = measure(item);
			if (message !== undefined) break; // the path stays at the culprit
			path.pop();
			size += String(key).length + inner.size;
			height = Math.max(height, inner.height);
		}
		const extent = {size, height: height + 1};
		known.set(node, extent);
		return extent;
	}

	measure(value);
	return message === undefined ? undefined : {message, path};
}
