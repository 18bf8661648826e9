import {createHash} from 'node:crypto';
import {basename, join} from 'node:path';
import type {Problem} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';
import type {RunId} from '../model/ids.ts';
import type {AgentSelector, AgentSpec, Workflow} from '../model/workflow.ts';
import {localAgentName} from '../model/workflow.ts';
import {loadWorkflow} from '../workflow/load.ts';
import type {Services} from './services.ts';
import {readEnvFile} from './workflow-files.ts';

export type Submission = {
	readonly text: string;
	/** As the user named it; absent for inline text. */
	readonly file?: string | undefined;
	/** Absolute: where its tasks run on this host. */
	readonly directory: string;
	readonly params?: Readonly<Record<string, unknown>> | undefined;
	/** Take an active run of the same file, text and params instead of starting another. */
	readonly resume?: boolean | undefined;
};

export type Submitted = {readonly run: RunId; readonly resumed: boolean};

/** A run on its way into the journal. */
type Pending = {readonly run: RunId; readonly startKey: string; readonly done: Promise<void>};

/** Takes workflows and starts runs of them. */
export class Submissions {
	readonly #services: Services;
	readonly #pending = new Set<Pending>();

	constructor(services: Services) {
		this.#services = services;
	}

	/**
	 * Starts a run; resolves once it is in the journal. Throws `invalid` with all problems of the workflow, `unsupported`, `limit`
	 * (active_runs) and `conflict` (a persistent agent with another specification).
	 */
	async submit(submission: Submission): Promise<Submitted> {
		const startKey = startKeyOf(submission);
		if (submission.resume === true) {
			// When one on its way is refused, the next is told why by itself. No await between the last look and `#pending.add`.
			for (let of = this.#pendingWith(startKey); of !== undefined; of = this.#pendingWith(startKey)) await of.done.catch(() => undefined);
			const active = this.#activeRun(startKey);
			if (active !== undefined) return {run: active, resumed: true};
		}
		this.#refuseTooMany();
		const run = this.#services.newRunId();
		const workflow = this.#load(submission, run);
		const pending = {run, startKey, done: this.#start(run, workflow, submission, startKey)};
		this.#pending.add(pending);
		try {
			await pending.done;
		} finally {
			this.#pending.delete(pending);
		}
		return {run, resumed: false};
	}

	#pendingWith(startKey: string): Pending | undefined {
		return [...this.#pending].find(of => of.startKey === startKey);
	}

	/** The newest that nobody has cancelled. */
	#activeRun(startKey: string): RunId | undefined {
		const runs = Object.values(this.#services.engine.state.runs);
		return runs.findLast(run => run.startKey === startKey && run.status !== 'cancelling')?.id;
	}

	#refuseTooMany(): void {
		const {engine, limits} = this.#services;
		const active = Object.keys(engine.state.runs).length + this.#pending.size;
		if (active < limits.active_runs) return;
		throw new ByoaiError('limit', `${active} runs have not ended, and the limit active_runs permits no more: wait for one, or cancel one`, {
			retryable: true,
		});
	}

	#load({text, file, directory, params}: Submission, run: RunId): Workflow {
		const {limits} = this.#services;
		const readFile = (path: string) => readEnvFile(directory, path, limits.workflow_bytes);
		const {workflow, problems} = loadWorkflow({
			text,
			directory,
			run,
			limits,
			readFile,
			...(file !== undefined && {file}),
			...(params !== undefined && {params}),
		});
		if (workflow === undefined) throw new ByoaiError('invalid', `the workflow is not valid: ${problems[0]?.message ?? ''}`, {problems});
		const unsupported = unsupportedParts(workflow, this.#services);
		const [first] = unsupported;
		if (first !== undefined) throw new ByoaiError('unsupported', first.message, {problems: unsupported});
		const refused = refusedAgents(workflow, this.#services);
		if (refused[0] !== undefined) throw new ByoaiError('invalid', refused[0].message, {problems: refused});
		return workflow;
	}

	#start(run: RunId, workflow: Workflow, {params = {}}: Submission, startKey: string): Promise<void> {
		const {engine, clock, localAgent, agentTimeoutMs} = this.#services;
		return engine.submit({
			type: 'run-submitted',
			at: clock.now(),
			run,
			workflow,
			params,
			startKey,
			localAgent,
			...(agentTimeoutMs !== undefined && {agentTimeoutMs}),
		});
	}
}

/** The same for the same file, text and params, however the file was named and the params were ordered. */
function startKeyOf({directory, file, text, params = {}}: Submission): string {
	const path = file === undefined ? directory : join(directory, basename(file));
	const ordered = Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1));
	return createHash('sha256')
		.update(JSON.stringify([path, text, ordered]))
		.digest('hex');
}

/** What a run of this workflow would need and this version does not have. */
function unsupportedParts(workflow: Workflow, services: Services): Problem[] {
	const ofAgents = deployedAgents(workflow, services).flatMap(({agent, path}): Problem[] => {
		if (services.supportedTypes.has(agent.type)) return [];
		return [{path: `${path}.type`, message: `agents of type ${agent.type} are not in this version (agent ${agent.name})`}];
	});
	const ofTasks = workflow.tasks.flatMap(({image, name}, index): Problem[] =>
		image === undefined ? [] : [{path: `tasks[${index}].image`, message: `an image for one task is not in this version (task ${name})`}],
	);
	return [...ofAgents, ...ofTasks];
}

/** What the drivers of its agents cannot do. */
function refusedAgents(workflow: Workflow, services: Services): Problem[] {
	return deployedAgents(workflow, services).flatMap(({agent, path}) =>
		services.refusalsOf(agent, workflow.directory).map(message => ({path, message})),
	);
}

/** The agents that a run of this workflow starts: some task asks for them, and none of that name serves already. */
function deployedAgents({tasks, agents}: Workflow, {engine}: Services): Array<{agent: AgentSpec; path: string}> {
	const {state} = engine;
	const isServed = (name: string) => name === localAgentName || Object.hasOwn(state.agents, name) || Object.hasOwn(state.pools, name);
	return agents
		.map((agent, index) => ({agent, path: `agents[${index}]`}))
		.filter(({agent}) => !isServed(agent.name) && tasks.some(task => isFor(task.agent, agent)));
}

function isFor(selector: AgentSelector, {name, labels}: AgentSpec): boolean {
	if ('name' in selector) return selector.name === name;
	return Object.entries(selector.labels).every(([key, value]) => labels[key] === value);
}
