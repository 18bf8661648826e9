import {readFileSync} from 'node:fs';
import {CORE_SCHEMA, constructFromEvents, parseEvents, YAMLException} from 'js-yaml';
import type {Intervals, ScreenTheme, Settings} from '../config.ts';
import {screenThemes} from '../config.ts';
import {durationMs} from '../model/durations.ts';
import type {Problem} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';
import type {LimitName, Limits} from '../model/limits.ts';
import {defaultLimits} from '../model/limits.ts';
import {whyUnreadable} from '../model/unreadable.ts';
import {bindings} from '../tui/keys/keymap.ts';
import {keyFaults} from '../tui/keys/rebind.ts';
import type {Path} from '../workflow/positions.ts';
import {locator, placesOf} from '../workflow/positions.ts';
import {didYouMean} from '../workflow/suggest.ts';

/** The settings file while it is read: what was found to be wrong, each with its place. */
type Reading = {readonly fault: (message: string, path: Path, at: 'key' | 'value') => undefined};

/** Reads one value; reports a fault and returns undefined when it cannot be. */
type Reader<Value> = (value: unknown, path: Path, reading: Reading) => Value | undefined;

const text: Reader<string> = (value, path, reading) =>
	typeof value === 'string' && value !== '' ? value : reading.fault('must be text', path, 'value');

const count =
	(least: number, most = Number.MAX_SAFE_INTEGER): Reader<number> =>
	(value, path, reading) => {
		if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
		const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
		return reading.fault(`must be a whole number ${range}`, path, 'value');
	};

const duration: Reader<number> = (value, path, reading) => {
	const ms = typeof value === 'string' || typeof value === 'number' ? durationMs(value) : undefined;
	return ms !== undefined && ms > 0 ? ms : reading.fault('must be a duration such as `90s`, `5m` or `1h30m`', path, 'value');
};

const auth: Reader<'token' | 'none'> = (value, path, reading) =>
	value === 'token' || value === 'none' ? value : reading.fault('must be `token` or `none`', path, 'value');

const limits: Reader<Partial<Limits>> = (value, path, reading) =>
	readMapping(value, path, reading, Object.fromEntries(limitNames.map(name => [name, count(1)])));

const theme: Reader<ScreenTheme> = (value, path, reading) =>
	screenThemes.find(name => name === value) ??
	reading.fault(`must be one of ${screenThemes.map(name => `\`${name}\``).join(', ')}`, path, 'value');

/** A key, or a list of them, for each action. */
const keys: Reader<Record<string, readonly string[]>> = (value, path, reading) => {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		return reading.fault('must be a mapping of actions to keys', path, 'value');
	}
	const choices: Record<string, readonly string[]> = {};
	for (const [action, item] of Object.entries(value)) {
		// A digit is a key, too, and no number here.
		const list = (Array.isArray(item) ? item : [item]).map(key => (typeof key === 'number' ? String(key) : key));
		if (list.every(key => typeof key === 'string')) choices[action] = list;
		else reading.fault('must be a key or a list of keys, as text', [...path, action], 'value');
	}
	for (const {action, key, message} of keyFaults(bindings, choices)) {
		const at = [...path, action];
		if (key === undefined)
			reading.fault(
				`${message}${didYouMean(
					action,
					bindings.map(binding => binding.action),
				)}`,
				at,
				'key',
			);
		else reading.fault(`cannot be that: ${message}`, at, 'value');
	}
	return choices;
};

const limitNames = Object.keys(defaultLimits) as LimitName[];

/** The keys at the top of the file. */
const plainKeys = {
	host: text,
	port: count(0, 65_535),
	url: text,
	token: text,
	auth,
	state_dir: text,
	workflow_dir: text,
	local_slots: count(1),
	limits,
	keys,
	theme,
};
const intervalKeys = {agent_timeout: duration, task_grace: duration, lease: duration, instance_lease: duration};

/**
 * Reads the settings file; no file is no settings. Throws `invalid` with all that is wrong in it, or `unavailable` when it cannot
 * be read.
 */
export function readSettings(file: string): Settings {
	const source = readIfThere(file);
	if (source === undefined) return {};
	const problems: Problem[] = [];
	const settings = parseSettings(file, source, problems);
	if (problems.length === 0) return settings;
	throw new ByoaiError('invalid', `the settings file ${file} is not valid`, {problems});
}

function parseSettings(file: string, source: string, problems: Problem[]): Settings {
	try {
		const events = parseEvents(source, {maxDepth: 8});
		const value = constructFromEvents(events, {source, schema: CORE_SCHEMA, maxAliases: 0})[0] ?? {};
		const placeOf = locator(source, events, () => []);
		const fault: Reading['fault'] = (message, path, at) => {
			const name = path.at(-1);
			problems.push({message: name === undefined ? message : `\`${name}\` ${message}`, file, ...placeOf(path, {at})});
			return undefined;
		};
		return toSettings(readMapping(value, [], {fault}, {...plainKeys, ...intervalKeys}));
	} catch (error) {
		if (!(error instanceof YAMLException)) throw error;
		problems.push({message: `not valid YAML: ${error.reason}`, file, ...(error.mark && placesOf(source)(error.mark.position))});
		return {};
	}
}

type Readers = Readonly<Record<string, Reader<unknown>>>;
type Values<Keys extends Readers> = {[Key in keyof Keys]?: NonNullable<ReturnType<Keys[Key]>>};

function readMapping<Keys extends Readers>(value: unknown, path: Path, reading: Reading, keys: Keys): Values<Keys> {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		reading.fault('must be a mapping of names to values', path, 'value');
		return {};
	}
	const read: Array<[string, unknown]> = [];
	for (const [key, item] of Object.entries(value)) {
		const reader = Object.hasOwn(keys, key) ? keys[key] : undefined;
		if (reader === undefined) reading.fault(`is not a known setting${hintFor(key, path, keys)}`, [...path, key], 'key');
		else if (item !== null) read.push([key, reader(item, [...path, key], reading)]);
	}
	return Object.fromEntries(read.filter(([, item]) => item !== undefined)) as Values<Keys>;
}

/** What was meant by a key that is not known here, or where it belongs. */
function hintFor(key: string, path: Path, keys: Readers): string {
	if (path.length === 0 && Object.hasOwn(defaultLimits, key)) return '; it stands under `limits:`';
	return didYouMean(key, Object.keys(keys));
}

type Keys = typeof plainKeys & typeof intervalKeys;

function toSettings(values: Values<Keys>): Settings {
	const {state_dir, workflow_dir, local_slots, agent_timeout, task_grace, lease, instance_lease, ...same} = values;
	const intervals: Partial<Intervals> = {
		...(agent_timeout !== undefined && {agentTimeoutMs: agent_timeout}),
		...(task_grace !== undefined && {graceMs: task_grace}),
		...(lease !== undefined && {leaseMs: lease}),
		...(instance_lease !== undefined && {instanceLeaseMs: instance_lease}),
	};
	return {
		...same,
		...(state_dir !== undefined && {stateDir: state_dir}),
		...(workflow_dir !== undefined && {workflowDir: workflow_dir}),
		...(local_slots !== undefined && {localSlots: local_slots}),
		intervals,
	};
}

function readIfThere(file: string): string | undefined {
	try {
		return readFileSync(file, 'utf8');
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : undefined;
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		throw new ByoaiError('unavailable', `the settings file ${file} cannot be read: ${whyUnreadable(error)}`, {cause: error});
	}
}
