import type {AttemptRef} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {InstanceCommand, InstanceSpec} from '../model/instance.ts';
import {isPosixShell} from '../model/shell.ts';
import type {Environment} from '../model/workflow.ts';
import type {Assignment} from '../protocol/messages.ts';
import type {State} from '../scheduler/state.ts';
import {assignmentOf} from './assignment.ts';

/** Linux takes 128 KiB in one argument or variable; a longer script comes in pieces. */
const pieceCharacters = 24 * 1024;
const argumentBytes = 100 * 1024;

/** Name of the instance of an attempt: the same in every life of the orchestrator. */
export function imageInstanceName(ref: AttemptRef): string {
	return attemptKey(ref);
}

/** The instance in which an attempt of a task with an `image` is to run; undefined when its run is over. */
export function imageInstanceOf(state: State, ref: AttemptRef): {spec: InstanceSpec; assignment: Assignment} | undefined {
	const run = state.runs.get(ref.run);
	const mould = run?.workflow.tasks[ref.task]?.mould;
	if (run === undefined || mould === undefined) return undefined;
	const assignment = assignmentOf(state, ref, 0);
	const spec = {name: imageInstanceName(ref), agent: mould, directory: run.workflow.directory, command: instanceCommand(assignment)};
	return {spec, assignment};
}

/** What the instance runs: the image's own shell, and the script. */
function instanceCommand({ref, task, command, shell, env, workingDir}: Assignment): InstanceCommand {
	const script = typeof command === 'string' ? command : command.join('\n');
	const argv = shell ?? ['sh', typeof command === 'string' ? '-c' : '-ec'];
	const isShort = Buffer.byteLength(script) <= argumentBytes || !isPosixShell(argv[0] ?? '');
	const {argument, variables} = isShort ? {argument: script, variables: {}} : inPieces(script);
	return {ref, task, argv: [...argv, argument], env: {...env, ...variables}, ...(workingDir !== undefined && {workingDir})};
}

/** There is no file to put a long script into that every engine could hand over; every shell in the manner of `sh` can join variables. */
function inPieces(script: string): {argument: string; variables: Environment} {
	const variables: Record<string, string> = {};
	for (let at = 0; at < script.length; ) {
		let end = at + pieceCharacters;
		// A character of two code units stays whole.
		if (/[\uD800-\uDBFF]/.test(script[end - 1] ?? '')) end--;
		variables[`BYOAI_SCRIPT_${Object.keys(variables).length}`] = script.slice(at, end);
		at = end;
	}
	const names = Object.keys(variables);
	// Programs that the script starts need not carry it along.
	return {argument: `eval "unset ${names.join(' ')}\n${names.map(name => `\${${name}}`).join('')}"`, variables};
}
