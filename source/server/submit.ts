import {createHash} from 'node:crypto';
import {basename, join} from 'node:path';
import {ByoaiError} from '../model/error.ts';
import type {RunSubmitted} from '../model/event.ts';
import type {RunId} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import {runEnded} from '../model/run.ts';
import type {Workflow} from '../model/workflow.ts';
import type {RerunChoice} from '../scheduler/rerun.ts';
import {planRerun, retryOf, tasksToRun} from '../scheduler/rerun.ts';
import type {Submission} from './prepare.ts';
import {prepareWorkflow, probeAgents, refuseImpossible} from './prepare.ts';
import type {Services} from './services.ts';

/** `known`: the run was there already. */
export type Submitted = {readonly run: RunId; readonly known: boolean};

/** How a submission is recognised: by what it asks for, and by the request itself. */
type Keys = {readonly startKey: string; readonly requestKey?: string};

/** What makes a run, beside its name. */
type Prepared = Pick<RunSubmitted, 'workflow' | 'params' | 'retry' | 'agentTimeoutMs'>;

/** A run on its way into the journal. */
type Pending = Keys & {readonly run: RunId; readonly done: Promise<void>};

/** Takes workflows, and ended runs, and starts runs of them. */
export class Submissions {
	readonly #services: Services;
	readonly #pending = new Set<Pending>();

	constructor(services: Services) {
		this.#services = services;
	}

	/**
	 * Starts a run; resolves once it is in the journal. Throws `invalid` with all problems of the workflow, `unsupported`, `unavailable`
	 * (what has to start its agents), `limit` (active_runs) and `conflict` (a persistent agent with another specification).
	 */
	async submit(submission: Submission): Promise<Submitted> {
		const {params = {}, request, resume = false, onAgent} = submission;
		const keys = keysOf(startKeyOf(submission), request);
		return this.#begin(keys, resume, run => {
			const workflow = prepareWorkflow(submission, run, this.#services);
			const {agentTimeoutMs} = onAgent === undefined ? this.#services : {agentTimeoutMs: this.#services.ownAgentTimeoutMs};
			return {workflow, params, ...(agentTimeoutMs !== undefined && {agentTimeoutMs})};
		});
	}

	/** Starts a new run of an ended one, as `planRerun` says. Throws `conflict` when nothing is left to do, and what `submit` throws. */
	async retry(run: Run, choice: RerunChoice, request?: string): Promise<Submitted> {
		refuseActive(run);
		refuseUseless(run, choice);
		const keys = keysOf(digest(['retry', run.id, choice]), request);
		const {workflow, params, agentTimeoutMs} = run;
		return this.#begin(keys, false, () => {
			const retry = retryOf(run, choice);
			refuseImpossible(neededOf({workflow, retry}), this.#services);
			return {workflow, params, retry, ...(agentTimeoutMs !== undefined && {agentTimeoutMs})};
		});
	}

	/** Finds the run that is meant, or starts one. No await between the last look and `#pending.add`. */
	async #begin(keys: Keys, resume: boolean, prepare: (run: RunId) => Prepared): Promise<Submitted> {
		const isSame = (other: Keys) =>
			(resume && other.startKey === keys.startKey) || (keys.requestKey !== undefined && other.requestKey === keys.requestKey);
		// When one on its way is refused, the next is told why by itself.
		for (let of = this.#pendingThat(isSame); of !== undefined; of = this.#pendingThat(isSame)) await of.done.catch(() => undefined);
		const known = this.#ofRequest(keys) ?? (resume ? this.#activeRun(keys.startKey) : undefined);
		if (known !== undefined) return {run: known, known: true};
		this.#refuseTooMany();
		const {engine, clock, localAgent, imageSlots, newRunId} = this.#services;
		const run = newRunId();
		const prepared = prepare(run);
		const submitted = async () => {
			await probeAgents(neededOf(prepared), this.#services);
			const hasImages = prepared.workflow.tasks.some(({mould}) => mould !== undefined);
			const slots = {localAgent, ...(hasImages && {imageSlots})};
			const event: RunSubmitted = {type: 'run-submitted', at: clock.now(), run, ...slots, ...keys, ...prepared};
			await engine.submit(event);
		};
		const pending = {...keys, run, done: submitted()};
		this.#pending.add(pending);
		try {
			await pending.done;
		} finally {
			this.#pending.delete(pending);
		}
		return {run, known: false};
	}

	/** The run that the same request began, active or ended. */
	#ofRequest({startKey, requestKey}: Keys): RunId | undefined {
		const run = requestKey === undefined ? undefined : this.#services.history.ofRequest(requestKey);
		if (run === undefined || run.startKey === startKey) return run?.id;
		throw new ByoaiError('invalid', `this Idempotency-Key was sent with another request, which began run ${run.id}: use a new key`);
	}

	#pendingThat(isSame: (other: Keys) => boolean): Pending | undefined {
		return [...this.#pending].find(isSame);
	}

	/** The newest that nobody has cancelled. */
	#activeRun(startKey: string): RunId | undefined {
		const runs = [...this.#services.engine.state.runs.values()];
		return runs.findLast(run => run.startKey === startKey && run.status !== 'cancelling')?.id;
	}

	#refuseTooMany(): void {
		const {engine, limits} = this.#services;
		const active = engine.state.runs.size + this.#pending.size;
		if (active < limits.active_runs) return;
		throw new ByoaiError('limit', `${active} runs have not ended, and the limit active_runs permits no more: wait for one, or cancel one`, {
			retryable: true,
		});
	}
}

/** Throws `conflict` for a run that has not ended: what is to be kept of it is not known yet. */
export function refuseActive({id, status}: Run): void {
	if (!runEnded(status)) throw new ByoaiError('conflict', `run ${id} has not ended: cancel it first, or wait for its end`);
}

/** The workflow without the tasks of which nothing is left to do: what they would need need not be there. */
function neededOf({workflow, retry}: Pick<Prepared, 'workflow' | 'retry'>): Workflow {
	return {...workflow, tasks: tasksToRun(workflow, retry)};
}

function refuseUseless(run: Run, choice: RerunChoice): void {
	if (planRerun(run, choice).includes('run')) return;
	throw new ByoaiError('conflict', `every task of run ${run.id} succeeded: \`from\` repeats it from a task on, \`only\` one task`);
}

function keysOf(startKey: string, request: string | undefined): Keys {
	return {startKey, ...(request !== undefined && {requestKey: digest(request)})};
}

/** The same for the same file, text and params, however the file was named and the params were ordered. */
function startKeyOf({directory, file, text, params = {}, onAgent}: Submission): string {
	const path = file === undefined ? directory : join(directory, basename(file));
	const ordered = Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1));
	return digest([path, text, ordered, ...(onAgent === undefined ? [] : [onAgent])]);
}

function digest(value: unknown): string {
	return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
