import type {EventEmitter} from 'node:events';
import type {Config} from '../config.ts';
import type {Diagnostics} from './terminal/diagnostics.ts';
import type {Interruptions} from './terminal/interruptions.ts';
import type {Output} from './terminal/output.ts';
import type {StatusLine} from './terminal/status-line.ts';
import type {TerminalClaim} from './terminal/terminal-claim.ts';
import type {Flags, OptionName} from './words/options.ts';

/** What a process gives to the program. */
export type Host = {
	/** argv that starts the agent program; its last part is the program's file. */
	readonly agentProgram: readonly string[];
	readonly stdout: NodeJS.WritableStream;
	readonly stderr: NodeJS.WritableStream;
	/** Standard input, opened only by who reads it. */
	readonly stdin: () => NodeJS.ReadableStream;
	/** Where signals are heard. */
	readonly signals: EventEmitter;
};

/** One call of a command. */
export type Invocation = {
	readonly operands: readonly string[];
	readonly flags: Flags;
	readonly config: Config;
	readonly agentProgram: readonly string[];
	readonly stdin: () => NodeJS.ReadableStream;
	/** Standard output: data. */
	readonly output: Output;
	/** Standard error: everything else. */
	readonly diagnostics: Diagnostics;
	readonly interruptions: Interruptions;
	/** What the process gave. */
	readonly host: Host;
	/** Who has the whole terminal for itself. */
	readonly terminal: TerminalClaim;
	/** At the foot of the terminal, where standard output is one. */
	readonly statusLine: StatusLine;
	/** All there are, for what completes command lines. */
	readonly commands: readonly Command[];
};

/** Does what a command is for, and resolves with an exit status. Rejects with `ByoaiError` where it cannot. */
export type Run = (invocation: Invocation) => Promise<number>;

/** What a word of a command line may name. */
export type Completable = 'workflow' | 'file' | 'run' | 'task' | 'agent' | 'shell' | 'command';

/** A command as the command line and the help know it. */
export type Command = {
	/** Empty: `byoai` by itself. */
	readonly name: string;
	readonly summary: string;
	/** For programs: no help lists it. */
	readonly hidden?: true;
	/** As help shows them: `<file>...`. */
	readonly operands: string;
	readonly operandCount: {readonly least: number; readonly most: number};
	/** What the operands name, one by one, for completion; the last stands for all further ones. */
	readonly completes?: readonly Completable[];
	/** Beside the common ones. */
	readonly options: readonly OptionName[];
	/** A command line and what it does. */
	readonly examples: ReadonlyArray<readonly [line: string, what: string]>;
	/** Reads the code only when it is needed. */
	readonly load: () => Promise<Run>;
};
