import type {Assignment} from '../protocol/messages.ts';
import type {TaskBody} from './calls.ts';

/**
 * An assignment as `POST /task` of a basic agent takes it. `command` is one text for `sh -c`, whatever the task has: a list of lines stops at
 * the first that fails (`set -e`), another shell is called with its script quoted. So an agent need know nothing but `sh -c`.
 */
export function taskBody({ref, task, command, shell, env, workingDir, timeoutMs}: Assignment): TaskBody {
	return {
		name: task,
		command: shellText(command, shell),
		env,
		...(workingDir !== undefined && {working_dir: workingDir}),
		...(timeoutMs !== undefined && {timeout: timeoutMs / 1000}),
		run: ref.run,
		attempt: ref.attempt,
	};
}

function shellText(command: Assignment['command'], shell: Assignment['shell']): string {
	const script = typeof command === 'string' ? command : command.join('\n');
	if (shell !== undefined) return [...shell, script].map(quoted).join(' ');
	return typeof command === 'string' ? script : `set -e\n${script}`;
}

function quoted(word: string): string {
	return `'${word.replaceAll("'", `'\\''`)}'`;
}
