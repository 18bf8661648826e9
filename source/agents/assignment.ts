import {isAbsolute, join} from 'node:path';
import type {AttemptRef} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import type {Environment, TaskSpec} from '../model/workflow.ts';
import {localAgentName} from '../model/workflow.ts';
import type {Assignment} from '../protocol/messages.ts';
import type {State} from '../scheduler/state.ts';
import {poolOfInstance} from '../scheduler/state.ts';

/** All that the agent needs to run this attempt of a task in the working state. `graceMs`: between terminate and kill. */
export function assignmentOf(state: State, ref: AttemptRef, graceMs: number): Assignment {
	const run = state.runs.get(ref.run);
	const spec = run?.workflow.tasks[ref.task];
	if (run === undefined || spec === undefined) throw new Error(`no task ${ref.task} in run ${ref.run}`);
	const workingDir = workingDirOf(state, run, ref, spec);
	return {
		ref,
		task: spec.name,
		command: spec.command,
		env: environmentOf(run, ref, spec),
		graceMs,
		...(spec.shell !== undefined && {shell: spec.shell}),
		...(spec.timeoutMs !== undefined && {timeoutMs: spec.timeoutMs}),
		...(workingDir !== undefined && {workingDir}),
	};
}

/** Later wins: the declared agent's `env`, the workflow's, the task's, what byoai itself tells. */
function environmentOf({id, workflow}: Run, ref: AttemptRef, spec: TaskSpec): Environment {
	const {agent, mould} = spec;
	const declared = mould ?? ('name' in agent ? workflow.agents.find(({name}) => name === agent.name) : undefined);
	return {
		...declared?.env,
		...workflow.env,
		...spec.env,
		BYOAI_RUN: id,
		BYOAI_TASK: spec.name,
		BYOAI_ATTEMPT: String(ref.attempt),
	};
}

/** On the orchestrator's own host: relative to the workflow file's directory. Elsewhere that is the agent's affair. */
function workingDirOf(state: State, run: Run, ref: AttemptRef, spec: TaskSpec): string | undefined {
	const agent = run.tasks.at(ref.task)?.attempts[ref.attempt - 1]?.agent;
	const pool = agent === undefined ? undefined : poolOfInstance(state, agent);
	const isHere = pool?.name === localAgentName || pool?.spec.type === 'local';
	if (!isHere) return spec.workingDir;
	const {directory} = run.workflow;
	if (spec.workingDir === undefined) return directory;
	return isAbsolute(spec.workingDir) ? spec.workingDir : join(directory, spec.workingDir);
}
