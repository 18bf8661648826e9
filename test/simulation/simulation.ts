import type {AgentProcess} from './agent.ts';
import {Audit} from './audit.ts';
import {basicCrew} from './basic/agent.ts';
import {Course, havocMs} from './course.ts';
import {Crew} from './crew.ts';
import {DriverHost} from './driver.ts';
import {eachSecond} from './each-second.ts';
import {Havoc} from './havoc.ts';
import {hasBasicAgents} from './images/faults.ts';
import {Images} from './images/images.ts';
import {Keeper} from './keeper.ts';
import {OrchestratorHost} from './orchestrator.ts';
import {Submitter} from './submitter.ts';
import {World} from './world.ts';

export type Lived = {readonly happenings: number; readonly journaled: number; readonly attempts: number};

/** One seed: the product's orchestrator and agents on simulated machines, their faults, and the audit of all that happens. */
export class Simulation {
	readonly #world: World;
	readonly #audit: Audit;
	readonly #driver: DriverHost;
	readonly #orchestrator: OrchestratorHost;
	readonly #crew: Crew;
	readonly #course: Course;

	constructor(seed: number, say?: (line: string) => void) {
		const world = new World(seed, say);
		const audit = new Audit(world);
		const agentParts = {world, audit, requests: {exchange, offer}};
		const driver = new DriverHost(agentParts);
		const images = world.images && new Images(world, audit, world.images);
		const basic = hasBasicAgents(seed) ? basicCrew(agentParts) : new Map();
		for (const name of basic.keys()) world.basicNames.add(name);
		const orchestrator: OrchestratorHost = new OrchestratorHost({world, audit, driver, images, basic, agent: name => this.#agent(name)});
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
		const crew = new Crew(agentParts);
		this.#crew = crew;
		const submitter = new Submitter({
			world,
			orchestrator,
			agents: [...basic.keys(), ...crew.names, ...basic.keys()],
			withinMs: havocMs * 0.75,
		});
		const keeper = new Keeper(world, orchestrator);
		const havoc: Array<{stop(): void}> = [new Havoc({world, audit, driver, orchestrator, keeper, crew}), ...(images ? [images] : [])];
		images?.wreak(ms => orchestrator.setClock(ms));
		if (basic.size > 0) {
			havoc.push(
				eachSecond(world, () => {
					for (const agent of basic.values()) if (world.random.chance(world.faults.agentCrash)) agent.crash();
				}),
			);
		}
		const alsoLeft = () => (images?.names[0] === undefined ? '' : `instance ${images.names[0]} was left behind`);
		this.#course = new Course({world, audit, driver, crew, keeper, submitter, havoc, state: () => orchestrator.state, alsoLeft});
	}

	/** Lives to the end, and rejects with what the audit finds. */
	async run(): Promise<Lived> {
		const world = this.#world;
		let happenings = 0;
		while (!this.#course.isOver) {
			world.timeline.advance();
			if (world.promisesWait) await this.#settlePromises();
			this.#audit.throwFailure();
			this.#course.goOn(++happenings);
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
}
