import type {Environment} from '../config.ts';
import {readConfig, settingsPath} from '../config.ts';
import {ByoaiError} from '../model/error.ts';
import {version} from '../version.ts';
import type {Command, Host} from './command.ts';
import {failed, missing, statusOfError} from './exit-status.ts';
import {formatHelp, unknownCommand} from './help.ts';
import {commands, laterCommands} from './registry.ts';
import {Diagnostics} from './terminal/diagnostics.ts';
import {isInForeground} from './terminal/foreground.ts';
import {Interruptions} from './terminal/interruptions.ts';
import {Output} from './terminal/output.ts';
import {StatusLine} from './terminal/status-line.ts';
import {TerminalClaim} from './terminal/terminal-claim.ts';
import {readArguments, withoutSecrets} from './words/arguments.ts';
import {commandIndex, isUnknownOption} from './words/option-words.ts';

/**
 * The program: does what a command line says, and resolves with the exit status, never rejects. All output has been handed over
 * then, so the process may end.
 */
export async function main(argv: readonly string[], environment: Environment, host: Host): Promise<number> {
	const statusLine = new StatusLine(host.stdout, {
		signals: host.signals,
		isInForeground: () => isInForeground(),
		stop: () => void process.kill(process.pid, 'SIGTSTP'),
	});
	const output = new Output(host.stdout, statusLine);
	const errors = new Output(host.stderr, statusLine);
	const interruptions = new Interruptions(host.signals, output, errors);
	const session: Session = {
		environment,
		host,
		output,
		errors,
		interruptions,
		terminal: new TerminalClaim(),
		statusLine,
		diagnostics: new Diagnostics({output: errors, level: environment.BYOAI_DEBUG ? 'debug' : 'info', colour: false}),
	};
	const crashed = new Promise<number>(resolve => {
		let isFirst = true;
		host.signals.on('uncaughtException', async (error: unknown) => {
			// What breaks while all is being ended is not told to whoever was told why.
			if (!isFirst) return session.diagnostics.trace(toError(error));
			isFirst = false;
			await session.terminal.release();
			statusLine.end();
			resolve(report(error, session.diagnostics));
		});
	});
	const status = await Promise.race([execute(argv, session), interruptions.forced, crashed]);
	await session.terminal.release();
	statusLine.end();
	interruptions.close();
	await Promise.race([output.flush(), interruptions.forced]);
	const lost = output.failure;
	if (lost !== undefined) session.diagnostics.error(`standard output cannot be written: ${lost.message}`);
	await errors.flush();
	const isTaken = output.waiting + errors.waiting === 0;
	for (const one of [output, errors]) one.close(isTaken);
	return lost !== undefined && status === 0 ? missing : status;
}

type Session = {
	readonly environment: Environment;
	readonly host: Host;
	readonly output: Output;
	readonly errors: Output;
	readonly interruptions: Interruptions;
	readonly terminal: TerminalClaim;
	readonly statusLine: StatusLine;
	diagnostics: Diagnostics;
};

async function execute(argv: readonly string[], session: Session): Promise<number> {
	try {
		const {command, words} = findCommand(argv);
		const beforeDashes = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length);
		if (beforeDashes.includes('--version') || beforeDashes.includes('-v')) {
			session.output.write(`${version}\n`);
			return 0;
		}
		if (beforeDashes.includes('--help') || beforeDashes.includes('-h')) {
			session.output.write(formatHelp(command, commands, session.output.columns));
			return 0;
		}
		return await call(command, {argv, words}, session);
	} catch (error) {
		return report(error, session.diagnostics);
	}
}

function findCommand(argv: readonly string[]): {command: Command; words: readonly string[]} {
	const index = commandIndex(argv);
	const name = argv[index] ?? '';
	const command = commands.find(candidate => candidate.name === name);
	if (command !== undefined) return {command, words: argv.filter((_, at) => at !== index)};
	if (laterCommands.includes(name)) throw new ByoaiError('usage', `byoai ${name} is not in this version yet`);
	// What stands behind an option that nobody knows is more likely its value than a command.
	const [byItself] = commands;
	if (byItself !== undefined && argv.slice(0, index).some(isUnknownOption)) return {command: byItself, words: argv};
	throw unknownCommand(name, commands, laterCommands);
}

type Given = {readonly argv: readonly string[]; readonly words: readonly string[]};

async function call(command: Command, {argv, words}: Given, session: Session): Promise<number> {
	const {environment, host, output, errors, interruptions, terminal: claim, statusLine} = session;
	refuseNowhere();
	const {readSettings} = await import('./settings.ts');
	const {operands, flags} = await readArguments(command, words, commands);
	// The parser sets a title of its own, so that `ps` would show no command line.
	process.title = ['byoai', ...withoutSecrets(argv)].join(' ');
	const terminal = {out: output.isTerminal, err: errors.isTerminal};
	const config = readConfig({flags, settings: readSettings(settingsPath(environment)), environment, terminal});
	const {logLevel: level, colour, limits} = config;
	session.diagnostics = new Diagnostics({output: errors, level, colour: colour.err, mostProblems: limits.shown_problems});
	const run = await command.load();
	const {agentProgram, stdin} = host;
	const streams = {agentProgram, stdin, output, diagnostics: session.diagnostics, interruptions, host, terminal: claim, statusLine};
	return run({operands, flags, config, commands, ...streams});
}

/** A directory that was removed while a shell stood in it. */
function refuseNowhere(): void {
	try {
		process.cwd();
	} catch (error) {
		throw new ByoaiError('unavailable', 'the current directory is not there any more; `cd` to one that is', {cause: error});
	}
}

function report(error: unknown, diagnostics: Diagnostics): number {
	if (error instanceof ByoaiError && error.code !== 'internal') {
		// The message is that of a problem which is told with its place anyway.
		const isTold = error.problems.some(({message, line}) => message === error.message && line !== undefined);
		diagnostics.problems(error.problems.filter(({message}) => isTold || message !== error.message));
		if (!isTold) diagnostics.error(error.message);
		diagnostics.trace(error);
		return statusOfError(error.code);
	}
	const cause = toError(error);
	diagnostics.error(`internal error: ${cause.message}. This is a bug: please report it, with what BYOAI_DEBUG=1 adds to this message.`);
	diagnostics.trace(cause);
	return failed;
}

function toError(error: unknown): Error {
	return error instanceof Error ? error : new Error(String(error));
}
