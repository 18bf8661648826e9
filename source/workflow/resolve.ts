import type {Environment} from '../model/workflow.ts';
import {isMapping} from './canonical.ts';
import type {Lookup, Value} from './expression.ts';
import {ExpressionError, textOf} from './expression.ts';
import type {Findings} from './findings.ts';
import type {ParamValues} from './params.ts';
import type {Path} from './positions.ts';
import {didYouMean} from './suggest.ts';
import {fillTemplate, TemplateError} from './template.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** What expressions can refer to, besides `env`. */
export type Scope = {
	readonly params: ParamValues;
	/** For `run.id`. */
	readonly run: string;
	/** What `env_file` holds. */
	readonly fileEnv: Environment;
};

/** Strings of these keys are taken as they stand. */
const verbatim: ReadonlySet<string> = new Set(['name', 'depends_on', 'shell']);
/** Keys that any text fits: a sample value of a param can be checked there. Elsewhere the key is left out of a check. */
const fitsAnyText: ReadonlySet<string> = new Set(['command', 'env', 'labels', 'working_dir', 'image', 'network', 'user', 'workflow']);
/** Maps whose values are texts, so that an expression's value becomes text in them too. */
const textMaps: ReadonlySet<string> = new Set(['env', 'labels']);

type Thunk = () => Environment;

/** A param whose fault is told already: expressions that use it are not judged. */
class UnusableParam extends Error {}

/**
 * Resolves every expression of a canonical document. What `env.X` means: in the workflow's `env`, the env files; in
 * the `env` of agents, defaults and tasks, and elsewhere in agents, the workflow's environment; elsewhere in a task, its own
 * merged environment (that of its declared agent, of the workflow, of defaults, its own); elsewhere in `defaults`, that of
 * the workflow and of defaults.
 */
export function resolveExpressions(document: Mapping, scope: Scope, findings: Findings): Mapping {
	const resolver = new Resolver(scope, findings);
	const env = resolver.key('env', document.env, ['env'], () => scope.fileEnv);
	const workflowEnv = once(() => ({...scope.fileEnv, ...environmentOf(env)}));

	const agents = mapList(document.agents, (agent, index) => resolver.keysOf(agent, ['agents', index], workflowEnv));
	const agentEnvs = new Map<unknown, Environment>();
	for (const agent of Array.isArray(agents) ? agents : []) if (isMapping(agent)) agentEnvs.set(agent.name, environmentOf(agent.env));

	/** Tasks and `defaults`: their `env` first, since the agent may refer to it, then the agent, since the rest may refer to its `env`. */
	function taskKeys(task: Mapping, path: Path, outer: Thunk, defaultAgent?: unknown): Mapping {
		const ownEnv = resolver.key('env', task.env, [...path, 'env'], workflowEnv);
		const visible = once(() => ({...outer(), ...environmentOf(ownEnv)}));
		const agent = resolver.key('agent', task.agent, [...path, 'agent'], visible);
		const all = once(() => ({...agentEnvs.get(agent ?? defaultAgent), ...visible()}));
		return resolver.keysOf(task, path, all, {env: ownEnv, agent});
	}

	const defaults = isMapping(document.defaults) ? taskKeys(document.defaults, ['defaults'], workflowEnv) : document.defaults;
	const shared: Mapping = isMapping(defaults) ? defaults : {};
	const outer = once(() => ({...workflowEnv(), ...environmentOf(shared.env)}));
	const tasks = mapList(document.tasks, (task, index) => taskKeys(task, ['tasks', index], outer, shared.agent));
	return withoutUndefined({...document, env, agents, defaults, tasks});
}

class Resolver {
	readonly #scope: Scope;
	readonly #findings: Findings;
	/** Whether the key that is being resolved uses a sample value. */
	#sampled = false;

	constructor(scope: Scope, findings: Findings) {
		this.#scope = scope;
		this.#findings = findings;
	}

	/** Resolves the values of a mapping, save those which `done` has. */
	keysOf(mapping: Mapping, path: Path, env: Thunk, done: Mapping = {}): Mapping {
		const result: Record<string, unknown> = {};
		for (const [key, value] of Object.entries(mapping)) {
			const resolved = Object.hasOwn(done, key) ? done[key] : this.key(key, value, [...path, key], env);
			if (resolved !== undefined) result[key] = resolved;
		}
		return result;
	}

	/** The resolved value of a key; undefined when the key is as if it were not there, which an expression of null makes it. */
	key(key: string, value: unknown, path: Path, env: Thunk): unknown {
		if (verbatim.has(key) || !hasExpression(value)) return value;
		this.#sampled = false;
		const resolved = this.#resolve(value, path, names => this.#lookUp(names, env), textMaps.has(key));
		if (this.#sampled && !fitsAnyText.has(key)) return undefined;
		return resolved === null ? undefined : resolved;
	}

	#resolve(value: unknown, path: Path, lookup: Lookup, asText: boolean): unknown {
		if (typeof value === 'string') return this.#fill(value, path, lookup, asText);
		if (Array.isArray(value)) return value.map((item: unknown, index) => this.#resolve(item, [...path, index], lookup, asText));
		if (!isMapping(value)) return value;
		const result: Record<string, unknown> = {};
		for (const [name, item] of Object.entries(value)) {
			const resolved = this.#resolve(item, [...path, name], lookup, asText);
			if (resolved !== null || item === null) result[name] = resolved;
		}
		return result;
	}

	#fill(text: string, path: Path, lookup: Lookup, asText: boolean): Value {
		try {
			const value = fillTemplate(text, lookup);
			return asText ? textOf(value) : value;
		} catch (error) {
			if (error instanceof TemplateError) this.#findings.add(error.message, path, {within: error.piece});
			else if (!(error instanceof UnusableParam)) throw error;
			this.#findings.silence(path);
			return text;
		}
	}

	#lookUp(names: readonly string[], env: Thunk): Value {
		const {params, run} = this.#scope;
		const [root = '', name = ''] = names;
		if (names.length === 2) {
			if (root === 'params' && params.unusable.has(name)) throw new UnusableParam();
			const param = root === 'params' ? params.values.get(name) : undefined;
			if (params.samples.has(name) && param !== undefined) this.#sampled = true;
			if (param !== undefined) return param;
			if (root === 'env' && Object.hasOwn(env(), name)) return env()[name] ?? '';
			if (root === 'run' && name === 'id') return run;
		}
		throw new ExpressionError(unknownPath(names, [...params.values.keys()], Object.keys(env())));
	}
}

function unknownPath(names: readonly string[], params: readonly string[], env: readonly string[]): string {
	const path = names.join('.');
	const [root = '', ...rest] = names;
	if (root === 'inputs' && params.includes(rest.join('.'))) return `unknown path \`${path}\`; did you mean \`params.${rest.join('.')}\`?`;
	const known = [...params.map(name => `params.${name}`), ...env.map(name => `env.${name}`), 'run.id'];
	const suggestion = didYouMean(path, known);
	if (suggestion !== '') return `unknown path \`${path}\`${suggestion}`;
	if (root === 'env' && rest.length > 0)
		return `unknown path \`${path}\`: no \`env\` of this file sets it; a command reads the agent's own environment as \`$${rest[0]}\``;
	if (root === 'params' && rest.length > 0) return `unknown path \`${path}\`: \`params\` does not declare it`;
	return `unknown path \`${path}\`; there are params.<name>, env.<NAME> and run.id`;
}

function hasExpression(value: unknown): boolean {
	if (typeof value === 'string') return value.includes('${{');
	if (typeof value !== 'object' || value === null) return false;
	return Object.values(value).some(hasExpression);
}

/** Computes at the first call: most tasks never ask. */
function once(compute: () => Environment): Thunk {
	let env: Environment | undefined;
	return () => {
		env ??= compute();
		return env;
	};
}

function withoutUndefined(values: Mapping): Mapping {
	return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function mapList(value: unknown, change: (item: Mapping, index: number) => Mapping): unknown {
	return Array.isArray(value) ? value.map((item: unknown, index) => (isMapping(item) ? change(item, index) : item)) : value;
}

/** The variables of an `env` mapping whose values are scalars; the schema refuses the others. */
function environmentOf(env: unknown): Environment {
	if (!isMapping(env)) return {};
	const entries = Object.entries(env).filter(([, value]) => value !== null && typeof value !== 'object');
	return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
