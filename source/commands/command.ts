import type {EventEmitter} from 'node:events';
import type {Config} from '../config.ts';
import type {Diagnostics} from './diagnostics.ts';
import type {Interruptions} from './interruptions.ts';
import type {Flags, OptionName} from './options.ts';
import type {Output} from './output.ts';

/** What a process gives to the program. */
export type Host = {
	/** argv that starts the agent program; its last part is the program's file. */
	readonly agentProgram: readonly string[];
	readonly stdout: NodeJS.WritableStream;
	readonly stderr: NodeJS.WritableStream;
	/** Where signals are heard. */
	readonly signals: EventEmitter;
};

/** One call of a command. */
export type Invocation = {
	readonly operands: readonly string[];
	readonly flags: Flags;
	readonly config: Config;
	readonly agentProgram: readonly string[];
	/** Standard output: data. */
	readonly output: Output;
	/** Standard error: everything else. */
	readonly diagnostics: Diagnostics;
	readonly interruptions: Interruptions;
};

/** Does what a command is for, and resolves with an exit status. Rejects with `ByoaiError` where it cannot. */
export type Run = (invocation: Invocation) => Promise<number>;

/** A command as the command line and the help know it. */
export type Command = {
	/** Empty: `byoai` by itself. */
	readonly name: string;
	readonly summary: string;
	/** As help shows them: `<file>...`. */
	readonly operands: string;
	readonly operandCount: {readonly least: number; readonly most: number};
	/** Beside the common ones. */
	readonly options: readonly OptionName[];
	/** A command line and what it does. */
	readonly examples: ReadonlyArray<readonly [line: string, what: string]>;
	/** Reads the code only when it is needed. */
	readonly load: () => Promise<Run>;
};
