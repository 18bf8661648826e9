import type {Findings} from './findings.ts';
import type {Level} from './keys.ts';
import {quietAliases} from './keys.ts';
import type {Path} from './positions.ts';
import {nearest} from './suggest.ts';

export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The document with every alias replaced by its canonical key, and without the keys that are not known or not supported yet, which
 * become findings. Values of the wrong shape pass as they are: the schema refuses them.
 */
export function canonicalise(document: Mapping, top: Level, findings: Findings, notices: Findings): Mapping {
	const noticed = new Set<string>();

	function mapping(value: Mapping, level: Level, path: Path): Mapping {
		const result: Record<string, unknown> = {};
		for (const [key, item] of Object.entries(value)) {
			const name = level.aliases.get(key) ?? key;
			if (!level.keys.has(name)) refuse(key, value, level, [...path, key]);
			else if (Object.hasOwn(result, name)) {
				const first = Object.keys(value).find(other => (level.aliases.get(other) ?? other) === name);
				findings.add(`\`${key}\` and \`${first}\` are the same key: keep \`${name}\``, [...path, key], {at: 'key'});
			} else {
				if (name !== key) notice(key, name, [...path, key]);
				result[name] = nested(item, level.nested.get(name), path, key);
			}
		}
		return result;
	}

	function nested(value: unknown, inner: ReturnType<Level['nested']['get']>, parent: Path, key: string): unknown {
		if (inner === undefined || typeof value !== 'object' || value === null) return value;
		const path = [...parent, key];
		if (inner.holds === 'list') {
			if (!Array.isArray(value)) return value;
			return value.map((item: unknown, index) => (isMapping(item) ? mapping(item, inner.level, [...path, index]) : item));
		}
		if (!isMapping(value)) return value;
		if (inner.holds === 'one') return mapping(value, inner.level, path);
		const entries = Object.entries(value);
		return Object.fromEntries(entries.map(([name, item]) => [name, isMapping(item) ? mapping(item, inner.level, [...path, name]) : item]));
	}

	/** Says that a key cannot be; a required key which it probably stands for is not called missing as well. */
	function refuse(key: string, owner: Mapping, level: Level, path: Path): void {
		if (level.later.has(key)) {
			findings.add(`\`${key}\` is not supported yet`, path, {at: 'key'});
			findings.silence([...path.slice(0, -1), 'command']);
			return;
		}
		const known = [...level.keys, ...level.aliases.keys()];
		const meant = level.elsewhere.get(key) ?? nearest(key, known);
		const hint =
			meant === undefined ? placeOf(key, level) || `; known here: ${[...level.keys].join(', ')}` : `; did you mean \`${meant}\`?`;
		findings.add(`unknown key \`${key}\`${hint}`, path, {at: 'key'});
		const name = meant === undefined ? undefined : (level.aliases.get(meant) ?? meant);
		if (name !== undefined && !Object.hasOwn(owner, name)) findings.silence([...path.slice(0, -1), name]);
	}

	/** Where a key belongs that is known, but not here. */
	function placeOf(key: string, level: Level): string {
		if (level !== top) return top.keys.has(key) ? '; it stands at the top of the file, not here' : '';
		const inTasks = top.nested.get('defaults')?.level.keys.has(key) === true;
		return inTasks ? '; it stands in a task, or for all of them under `defaults`' : '';
	}

	function notice(alias: string, key: string, path: Path): void {
		if (quietAliases.has(alias) || noticed.has(`${alias} ${key}`)) return;
		noticed.add(`${alias} ${key}`);
		notices.add(`\`${alias}\` is an alias of \`${key}\``, path, {at: 'key'});
	}

	return mapping(document, top, []);
}
