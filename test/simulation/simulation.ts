import type {AgentProcess} from './agent.ts';
import {Audit} from './audit.ts';
import {Crew} from './crew.ts';
import {DriverHost} from './driver.ts';
import {Havoc} from './havoc.ts';
import {Keeper} from './keeper.ts';
import {OrchestratorHost} from './orchestrator.ts';
import {Submitter} from './submitter.ts';
import {World} from './world.ts';

/** For so long things go wrong; then nothing does any more, and all must come to its end in so much time again. */
const havocMs = 120_000;
const healingLimitMs = 900_000;
/** More than this in one world means that something goes round without end. */
const happeningsLimit = 400_000;

export type Lived = {readonly happenings: number; readonly journaled: number; readonly attempts: number};

/** One seed: the product's orchestrator and agents on simulated machines, their faults, and the audit of all that happens. */
export class Simulation {
	readonly #world: World;
	readonly #audit: Audit;
	readonly #driver: DriverHost;
	readonly #orchestrator: OrchestratorHost;
	readonly #crew: Crew;
	readonly #submitter: Submitter;
	readonly #keeper: Keeper;
	readonly #havoc: Havoc;

	constructor(seed: number, say?: (line: string) => void) {
		const world = new World(seed, say);
		const audit = new Audit(world);
		const agentParts = {world, audit, requests: {exchange, offer}};
		const driver = new DriverHost(agentParts);
		const orchestrator: OrchestratorHost = new OrchestratorHost({world, audit, driver, agent: name => this.#agent(name)});
		function exchange(...request: Parameters<OrchestratorHost['exchange']>) {
			orchestrator.exchange(...request);
		}
		function offer(...request: Parameters<OrchestratorHost['offer']>) {
			orchestrator.offer(...request);
		}
		this.#world = world;
		this.#audit = audit;
		this.#driver = driver;
		this.#orchestrator = orchestrator;
		this.#crew = new Crew(agentParts);
		this.#submitter = new Submitter({world, orchestrator, agents: this.#crew.names, withinMs: havocMs * 0.75});
		this.#keeper = new Keeper(world, orchestrator);
		this.#havoc = new Havoc({world, audit, driver, orchestrator, keeper: this.#keeper, crew: this.#crew});
	}

	/** Lives to the end, and rejects with what the audit finds. */
	async run(): Promise<Lived> {
		const world = this.#world;
		let happenings = 0;
		while (!this.#isOver()) {
			world.timeline.advance();
			if (world.promisesWait) await this.#settlePromises();
			this.#audit.throwFailure();
			if (!world.healed && world.now >= havocMs) this.#heal();
			if (++happenings > happeningsLimit || world.now > havocMs + healingLimitMs) throw new Error(`no end: ${this.#whatIsLeft()}`);
		}
		this.#audit.finish(this.#orchestrator.state);
		return {happenings, journaled: world.disk.journal.length, attempts: this.#audit.attempts};
	}

	/** The agent program of this name that runs now. */
	#agent(name: string): AgentProcess | undefined {
		return this.#crew.agent(name) ?? this.#driver.agent(name);
	}

	async #settlePromises(): Promise<void> {
		this.#world.promisesWait = false;
		await new Promise(resolve => setImmediate(resolve));
	}

	#heal(): void {
		this.#world.heal();
		this.#havoc.stop();
		this.#crew.restartRetired();
		this.#keeper.restore();
	}

	#isOver(): boolean {
		const {now, healed} = this.#world;
		if (now < havocMs / 2 || !this.#submitter.isDone || this.#audit.openRuns.length > 0) return false;
		return this.#whatIsLeft() === '' && (healed || !(this.#crew.isRestless || this.#keeper.isRestless));
	}

	/** In words, what has not come to its end; empty when all has. */
	#whatIsLeft(): string {
		const {state} = this.#orchestrator;
		if (state === undefined) return 'the orchestrator is down';
		const [run] = Object.keys(state.runs);
		if (run !== undefined) return `run ${run} is not over: ${[...(state.runs[run]?.tasks ?? [])].map(({status}) => status).join(' ')}`;
		const pool = Object.values(state.pools).find(({spec}) => spec.lifetime !== 'persistent');
		if (pool !== undefined) return `pool ${pool.name} is still there`;
		const kept = new Set(Object.values(state.pools).flatMap(({instances}) => instances.map(({name}) => name)));
		const instance = this.#driver.names.find(name => !kept.has(name));
		if (instance !== undefined) return `instance ${instance} was left behind`;
		const agent = [...this.#crew.agents, ...this.#driver.agents].find(({alive, isIdle}) => alive && !isIdle);
		return agent === undefined ? '' : `agent ${agent.options.name} does not come to rest`;
	}
}
