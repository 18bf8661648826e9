import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Found} from '../helpers/found-processes.ts';
import {isAgent, isWatchdog, processesWith, signalAll} from '../helpers/found-processes.ts';
import type {Fault, Kill, Pausable, Plan, Victim} from './fault.ts';
import {hidesEngine} from './fault.ts';
import type {OpenHome} from './home.ts';
import {openLocalHome} from './home.ts';
import type {Finding} from './judge.ts';
import {judge, leftFiles, leftSockets, readEvidence} from './judge.ts';
import {Life, livingAgents} from './life.ts';
import type {Program} from './place.ts';
import {Place} from './place.ts';

/** A run that has not ended by then hangs. It takes some seconds, on a busy machine some more. */
const hangsAfterMs = 180_000;
/** What was told to end may take so long until it is gone: a killed process, a container that is being removed. */
const goneWithinMs = 15_000;

export type RoundResult = {
	readonly plan: Plan;
	readonly findings: readonly Finding[];
	/** Faults that came before the run had ended. */
	readonly faults: number;
	readonly lives: number;
	/** Of each start that had agents to adopt: milliseconds until it had heard from all of them; none where their cluster was away. */
	readonly adoptedMs: readonly number[];
	/** Commits of the first life when it was killed. */
	readonly killedAfter?: number;
	/** Commits of a life in which nothing went wrong, where that was the whole round. */
	readonly undisturbedCommits?: number;
	/** Attempts in the history that were lost, and started again. */
	readonly lostAttempts: number;
	readonly directory: string;
	readonly ms: number;
};

/** One round: the fixed workflow from its start to its end, whatever is killed on the way, and what the judge finds then. */
export async function runRound(program: Program, name: string, plan: Plan, openHome: OpenHome = openLocalHome): Promise<RoundResult> {
	return new Round(await Place.open(program, name, plan, openHome), plan).run();
}

class Round {
	readonly #place: Place;
	readonly #plan: Plan;
	readonly #begunAt = performance.now();
	readonly #adoptedMs: number[] = [];
	readonly #outputs: string[] = [];
	#lives = 0;
	#faults = 0;
	#killedAfter: number | undefined;
	#undisturbedCommits: number | undefined;

	constructor(place: Place, plan: Plan) {
		this.#plan = plan;
		this.#place = place;
	}

	async run(): Promise<RoundResult> {
		const findings: Finding[] = [];
		let lostAttempts = 0;
		try {
			findings.push(...(await this.#live()));
			findings.push(...(await this.#leftovers()));
			const evidence = readEvidence(this.#place.state, this.#place.ledger, this.#place.tasks);
			findings.push(...judge(evidence, this.#place.tasks));
			lostAttempts = [...evidence.attempts.values()].flat().filter(({status}) => status === 'lost').length;
		} catch (error) {
			findings.push({kind: 'lost', what: `the round broke: ${error instanceof Error ? error.stack : String(error)}`});
		}
		if (findings.length > 0) await this.#keepOutputs();
		await this.#endEverything();
		if (findings.length === 0) this.#place.remove();
		return {
			plan: this.#plan,
			findings,
			faults: this.#faults,
			lives: this.#lives,
			adoptedMs: this.#adoptedMs,
			...(this.#killedAfter !== undefined && {killedAfter: this.#killedAfter}),
			...(this.#undisturbedCommits !== undefined && {undisturbedCommits: this.#undisturbedCommits}),
			lostAttempts,
			directory: this.#place.directory,
			ms: performance.now() - this.#begunAt,
		};
	}

	/** Lives until the run has ended and nothing of it is wanted any more. */
	async #live(): Promise<readonly Finding[]> {
		const faults = [...this.#plan.faults];
		let life: Life | undefined;
		for (let fault = faults.shift(); fault !== undefined; fault = faults.shift()) {
			life ??= this.#begin('flow.json');
			// A life that hangs comes to no moment; what follows tells of it.
			if (!(await Promise.race([life.reaches(fault.at), sleep(hangsAfterMs, false, {ref: false})]))) {
				if (this.#faults === 0) this.#undisturbedCommits = life.commits;
				break;
			}
			this.#killedAfter ??= life.commits;
			if (await this.#harm(life, fault)) {
				await life.ended;
				life = undefined;
				if (this.#place.hasEnded()) break;
			}
		}
		if (life === undefined && !this.#place.hasEnded()) life = this.#begin('flow.json');
		if (life !== undefined && (await this.#missedItsEngine(life))) {
			await this.#place.home.whole();
			life = this.#begin('flow.json');
		}
		const findings = life === undefined ? [] : await endsWell(life);
		// One more start, for what the last life was killed before it had cleared away.
		if (life === undefined) findings.push(...(await endsWell(this.#begin('after.json'))));
		return findings;
	}

	/** With its engine away at the start it says so, with status 3, and begins nothing: then it is started again, as a person would. */
	async #missedItsEngine(life: Life): Promise<boolean> {
		if (!hidesEngine(this.#plan)) return false;
		const ended = await Promise.race([life.ended, sleep(hangsAfterMs, undefined, {ref: false})]);
		return ended?.status === 3 && this.#place.home.isMissedIn(life.output) && !this.#place.hasEnded();
	}

	#begin(file: 'flow.json' | 'after.json'): Life {
		const wasAway = this.#plan.faults.some(fault => 'absence' in fault);
		const agents = this.#lives === 0 || wasAway ? 0 : livingAgents(this.#place);
		const life = new Life(this.#place, file);
		this.#lives++;
		if (agents > 0) void life.adopts(agents).then(ms => ms !== undefined && this.#adoptedMs.push(ms));
		void life.ended.then(() => this.#outputs.push(life.output));
		return life;
	}

	/** Resolves with whether the life was killed. */
	async #harm(life: Life, fault: Fault): Promise<boolean> {
		this.#faults++;
		if ('pauseMs' in fault) {
			const {only} = fault;
			const all = processesWith(this.#place.directory);
			const found = only === undefined ? all : all.filter(one => only.some(role => isOf(role, one, life)));
			signalAll(found, 'SIGSTOP');
			await sleep(fault.pauseMs);
			signalAll(found, 'SIGCONT');
			return false;
		}
		if ('trouble' in fault) {
			this.#place.home.trouble(fault.trouble);
			return false;
		}
		for (const victim of fault.kill) await this.#kill(victim, fault, life);
		return fault.kill.includes('orchestrator');
	}

	async #kill(victim: Victim, fault: Kill, life: Life): Promise<void> {
		const {home, directory} = this.#place;
		if (victim === 'orchestrator') life.process.kill('SIGKILL');
		else if (victim === 'watchdogs') signalAll(processesWith(directory).filter(isWatchdog), 'SIGKILL');
		else {
			if (victim === 'agents') signalAll(processesWith(directory).filter(isAgent), 'SIGKILL');
			await home.harm(fault, victim);
		}
	}

	/** What is left once everything had time to be gone. */
	async #leftovers(): Promise<readonly Finding[]> {
		const {directory, state, temporary, home} = this.#place;
		await home.whole();
		const deadline = performance.now() + goneWithinMs;
		for (;;) {
			const findings: Finding[] = [
				...processesWith(directory).map(({pid, command}): Finding => ({kind: 'leaked', what: `process ${pid}: ${command.slice(0, 200)}`})),
				...home.left().map((what): Finding => ({kind: 'leaked', what})),
				...leftFiles(state, temporary),
				...leftSockets(directory),
			];
			if (findings.length === 0 || performance.now() > deadline) return findings;
			await sleep(200);
		}
	}

	async #keepOutputs(): Promise<void> {
		for (const [index, output] of this.#outputs.entries()) await writeFile(join(this.#place.directory, `life-${index + 1}.txt`), output);
	}

	/** Nothing of a round that failed may disturb the next ones. */
	async #endEverything(): Promise<void> {
		signalAll(processesWith(this.#place.directory), 'SIGKILL');
		await this.#place.home.close();
	}
}

function isOf(role: Pausable, process: Found, life: Life): boolean {
	if (role === 'orchestrator') return process.pid === life.process.pid;
	return role === 'agents' ? isAgent(process) : isWatchdog(process);
}

async function endsWell(life: Life): Promise<Finding[]> {
	const ended = await Promise.race([life.ended, sleep(hangsAfterMs, undefined, {ref: false})]);
	if (ended?.status === 0) return [];
	life.process.kill('SIGKILL');
	await life.ended;
	const how = ended === undefined ? `did not end in ${hangsAfterMs / 1000} s` : `ended with ${ended.signal ?? ended.status}`;
	return [{kind: 'lost', what: `byoai ${how}; its last words: ${life.output.slice(-500)}`}];
}
