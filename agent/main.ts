import {randomUUID} from 'node:crypto';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ByoaiError, messageOf} from '../source/model/error.ts';
import {Agent} from './agent.ts';
import {inheritedEnvironment} from './command.ts';
import type {Contact} from './contact.ts';
import {meet} from './contact.ts';
import {Guard} from './guard.ts';
import {claimInstance} from './instance.ts';
import {signalGroup} from './process-group.ts';
import {Session} from './session.ts';
import type {AgentSettings} from './settings.ts';
import {readSettings} from './settings.ts';

export type AgentProgram = {
	/** The file that Node runs as this program (`dist/agent.js`): the agent starts it again as its watchdog. */
	readonly program: string;
};

/** A deployed agent that has nothing to do and hears nothing for so long ends. */
const lonelyMs = 10 * 60 * 1000;
/** How often a deployed agent looks whether it is still wanted. */
const wantedLookMs = 2000;

/**
 * The agent program: runs until SIGTERM, SIGINT or the end of its instance, and resolves with an exit status: 0, 2 when
 * the environment is wrong, or 3 when it cannot listen. At a second SIGINT it resolves at once, with 130; the caller then
 * ends the process.
 */
export async function runAgent(env: NodeJS.ProcessEnv, {program}: AgentProgram): Promise<number> {
	process.stderr.on('error', () => undefined); // nobody reads it any more; attempts matter more than its lines
	let settings: AgentSettings;
	try {
		settings = readSettings(env);
	} catch (error) {
		return complain(error, 2);
	}
	const {instanceDirectory} = settings;
	if (instanceDirectory !== undefined && !claimInstance(instanceDirectory)) return 0;
	const directory = mkdtempSync(join(instanceDirectory ?? tmpdir(), 'byoai-agent-'));
	const environment = inheritedEnvironment(env);
	const guard = new Guard({...(settings.watched && {program}), directory, instanceDirectory, environment, say});
	const session = new Session(randomUUID(), settings.slots);
	const agent = new Agent({session, guard, directory, spoolBytes: settings.spoolBytes, environment, say});
	let contact: Contact;
	try {
		contact = await meet(settings, agent, say);
	} catch (error) {
		rmSync(directory, {recursive: true, force: true});
		return complain(error, 3);
	}
	guard.ready().catch((error: unknown) => say(`no watchdog yet: ${messageOf(error)}`)); // meanwhile, not when the first attempt waits
	return Promise.race([work(settings, {agent, contact, guard, directory}), forced(guard)]);
}

type Parts = {readonly agent: Agent; readonly contact: Contact; readonly guard: Guard; readonly directory: string};

async function work(settings: AgentSettings, {agent, contact, guard, directory}: Parts): Promise<number> {
	say(`${await end(settings, contact, agent)}: stopping`);
	await agent.close();
	await contact.close();
	await guard.close();
	rmSync(directory, {recursive: true, force: true});
	return 0;
}

/** Resolves with why the agent is to end. */
function end({instanceDirectory}: AgentSettings, contact: Contact, agent: Agent): Promise<string> {
	return new Promise(resolve => {
		for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
		process.on('SIGTERM', () => undefined); // a second one changes nothing
		if (instanceDirectory === undefined) return;
		const timer = setInterval(() => {
			if (existsSync(instanceDirectory) && !(agent.session.idle && contact.silentMs() > lonelyMs)) return;
			clearInterval(timer);
			resolve(existsSync(instanceDirectory) ? 'the orchestrator was not heard from for 10 minutes' : 'the instance was removed');
		}, wantedLookMs).unref();
	});
}

/** Resolves at the second SIGINT. What then is left, the watchdog ends: it hears of this process's end. */
function forced(guard: Guard): Promise<number> {
	return new Promise(resolve => {
		process.once('SIGINT', () => {
			process.on('SIGINT', () => {
				for (const group of guard.groups) signalGroup(group, 'SIGKILL');
				resolve(130);
			});
		});
	});
}

/** One line for what the person who started the agent has to change; anything else is a bug. */
function complain(error: unknown, status: number): number {
	if (!(error instanceof ByoaiError)) throw error;
	process.stderr.write(`byoai agent: ${error.message}\n`);
	return status;
}

function say(message: string): void {
	process.stderr.write(`${new Date().toISOString()} ${message}\n`);
}
