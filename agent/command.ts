import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {attemptKey} from '../source/model/ids.ts';
import type {Environment} from '../source/model/workflow.ts';
import type {Assignment} from '../source/protocol/messages.ts';

/** A longer script goes through a file: Linux takes 128 KiB in one argument. */
const scriptBytesLimit = 100 * 1024;

export type CommandLine = {
	readonly program: string;
	readonly arguments: readonly string[];
	/** The script's file, to be removed afterwards. */
	readonly file?: string;
};

/**
 * What runs an assignment's command. A script that needs a file gets one in `directory`, where its shell can be told to
 * read one (its last option ends in `c`, as in `bash -c`). Throws what the file system says.
 */
export function commandLine(assignment: Assignment, directory: string): CommandLine {
	const {command, shell} = assignment;
	const script = typeof command === 'string' ? command : command.join('\n');
	const [program = 'sh', ...options] = shell ?? ['sh', typeof command === 'string' ? '-c' : '-ec'];
	const last = options.at(-1);
	if (Buffer.byteLength(script) <= scriptBytesLimit || !last || !/^-[A-Za-z]*c$/.test(last)) {
		return {program, arguments: [...options, script]};
	}
	const file = join(directory, `script-${attemptKey(assignment.ref).replace(/[^\w.#]/g, '_')}`);
	writeFileSync(file, script, {mode: 0o600});
	const others = last === '-c' ? [] : [last.slice(0, -1)];
	return {program, arguments: [...options.slice(0, -1), ...others, file], file};
}

/** What commands inherit of this process's environment: all but what concerns the agent, its token before all. */
export function inheritedEnvironment(own: NodeJS.ProcessEnv): Environment {
	const names = Object.keys(own).filter(name => !/^(BYOAI|AGENT)_/.test(name));
	return Object.fromEntries(names.map(name => [name, own[name] ?? '']));
}
