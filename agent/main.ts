import {randomUUID} from 'node:crypto';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ByoaiError} from '../source/model/error.ts';
import {Agent} from './agent.ts';
import {inheritedEnvironment} from './command.ts';
import {Exchange} from './exchange.ts';
import {Guard} from './guard.ts';
import {claimInstance} from './instance.ts';
import {Orchestrator} from './orchestrator.ts';
import {signalGroup} from './process-group.ts';
import {Session} from './session.ts';
import type {AgentSettings} from './settings.ts';
import {readSettings} from './settings.ts';

export type AgentProgram = {
	/** The file that Node runs as this program (`dist/agent.js`): the agent starts it again as its watchdog. */
	readonly program: string;
};

/** How long a stopping agent tries to report the last outcomes. */
const farewellMs = 3000;
/** A deployed agent that has nothing to do and hears nothing for so long ends. */
const lonelyMs = 10 * 60 * 1000;
/** How often a deployed agent looks whether it is still wanted. */
const wantedLookMs = 2000;

/**
 * The agent program: runs until SIGTERM, SIGINT or the end of its instance, and resolves with an exit status: 0, or 2 when
 * the environment is wrong. At a second SIGINT it resolves at once, with 130; the caller then ends the process.
 */
export async function runAgent(env: NodeJS.ProcessEnv, {program}: AgentProgram): Promise<number> {
	process.stderr.on('error', () => undefined); // nobody reads it any more; attempts matter more than its lines
	let settings: AgentSettings;
	try {
		settings = readSettings(env);
	} catch (error) {
		if (!(error instanceof ByoaiError)) throw error;
		process.stderr.write(`byoai agent: ${error.message}\n`);
		return 2;
	}
	const {instanceDirectory} = settings;
	if (instanceDirectory !== undefined && !claimInstance(instanceDirectory)) return 0;
	const directory = mkdtempSync(join(instanceDirectory ?? tmpdir(), 'byoai-agent-'));
	const environment = inheritedEnvironment(env);
	const guard = new Guard({program, directory, instanceDirectory, environment, say});
	const session = new Session(randomUUID(), settings.slots);
	const agent = new Agent({session, guard, directory, spoolBytes: settings.spoolBytes, environment, say});
	const exchange = connect(settings, agent);
	guard.ready().catch((error: unknown) => say(`no watchdog yet: ${String(error)}`)); // meanwhile, not when the first attempt waits
	exchange.start();
	const parts = {agent, exchange, guard, directory};
	return Promise.race([serve(settings, parts), forced(guard)]);
}

type Parts = {readonly agent: Agent; readonly exchange: Exchange; readonly guard: Guard; readonly directory: string};

async function serve(settings: AgentSettings, {agent, exchange, guard, directory}: Parts): Promise<number> {
	say(`${await end(settings, exchange, agent)}: stopping`);
	await agent.close();
	await exchange.close(farewellMs);
	await guard.close();
	rmSync(directory, {recursive: true, force: true});
	return 0;
}

function connect(settings: AgentSettings, agent: Agent): Exchange {
	const {name, slots, labels, url, endpointFile, token, instanceDirectory} = settings;
	const orchestrator = new Orchestrator({
		agent: name,
		...(url !== undefined && {url}),
		...(endpointFile !== undefined && {endpointFile}),
		...(token !== undefined && {token}),
	});
	return new Exchange({
		agent,
		orchestrator,
		// Who deployed an instance knows it; one that is not known any more was removed, and does not come back by itself.
		...(instanceDirectory === undefined && {registration: {name, type: 'local', mode: 'pull', slots, labels}}),
		say,
	});
}

/** Resolves with why the agent is to end. */
function end({instanceDirectory}: AgentSettings, exchange: Exchange, agent: Agent): Promise<string> {
	return new Promise(resolve => {
		for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
		process.on('SIGTERM', () => undefined); // a second one changes nothing
		if (instanceDirectory === undefined) return;
		const timer = setInterval(() => {
			if (existsSync(instanceDirectory) && !(agent.session.idle && exchange.silentMs > lonelyMs)) return;
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

function say(message: string): void {
	process.stderr.write(`${new Date().toISOString()} ${message}\n`);
}
