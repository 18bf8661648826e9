import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import type {Exchanges} from '../../source/agents/exchange.ts';
import type {Driver} from '../../source/drivers/driver.ts';
import type {FakeDriverOptions} from '../../source/drivers/fake/fake.ts';
import {createFakeDriver, createFakeMachine} from '../../source/drivers/fake/fake.ts';
import {openStore} from '../../source/store/sqlite.ts';
import type {Store} from '../../source/store/store.ts';
import type {Work} from './fake-agent.ts';
import {FakeAgent} from './fake-agent.ts';

/** What outlives an orchestrator: its disk, and the machine on which instances run, with an agent in each. Gone with the test. */
export class FakeWorld {
	/** Exists; `workflows` in it too. */
	readonly directory = mkdtempSync(join(tmpdir(), 'byoai-world-'));
	readonly store: Store = openStore(':memory:');
	readonly machine = createFakeMachine();
	readonly agents = new Map<string, FakeAgent>();
	/** Of the orchestrator that lives now; none: agents go on alone. */
	exchanges: Exchanges | undefined;
	/** What becomes of the instances of tasks with an `image`; undefined: there are none. */
	readonly images: FakeDriverOptions['script'] | undefined;
	readonly #work: Work;

	/** `work`: what tasks do that run on an agent. By default each succeeds at once and prints its name. */
	constructor(work: Work = printName, images?: FakeDriverOptions['script']) {
		this.#work = work;
		this.images = images;
		mkdirSync(join(this.directory, 'workflows'));
		onTestFinished(() => {
			for (const agent of this.agents.values()) agent.close();
			this.store.close();
			rmSync(this.directory, {recursive: true, force: true});
		});
	}

	/** The driver of one life of the orchestrator. */
	createDriver(): Driver {
		return createFakeDriver({
			machine: this.machine,
			script: (spec, count) => (spec.command && this.images?.(spec, count)) ?? {type: 'runs'},
			onStarted: ({name, agent}) => this.startAgent(name, agent.slots),
			onEnded: name => this.agents.get(name)?.close(),
		});
	}

	startAgent(name: string, slots: number): FakeAgent {
		const agent = new FakeAgent({name, slots, exchanges: () => this.exchanges, work: this.#work});
		this.agents.set(name, agent);
		agent.start();
		return agent;
	}

	/** An instance ends with its agent, as if somebody had killed it. */
	kill(instance: string): void {
		this.machine.instances.get(instance)?.end({cause: 'killed by SIGKILL', signal: 'SIGKILL'});
	}
}

const printName: Work = async ({task}, print) => {
	await print(`${task}\n`);
	return {status: 'succeeded', exitCode: 0};
};
