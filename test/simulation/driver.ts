import type {Driver} from '../../source/drivers/driver.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {Handle, InstanceEnd, InstanceSpec} from '../../source/model/instance.ts';
import type {AgentType} from '../../source/model/workflow.ts';
import type {AgentParts} from './agent.ts';
import {AgentProcess} from './agent.ts';
import type {Life} from './life.ts';
import {brokenAgent} from './workflows.ts';
import type {World} from './world.ts';

type Instance = {readonly spec: InstanceSpec; readonly agent: AgentProcess | undefined; readonly watchers: Set<(end: InstanceEnd) => void>};

/** The machines that drivers talk to: instances live there whatever becomes of the orchestrator. */
export class DriverHost {
	readonly #parts: AgentParts;
	readonly #world: World;
	readonly #instances = new Map<string, Instance>();
	/** Starts that were asked for and not carried out: they die with the orchestrator that asked. */
	#starting = new Map<string, InstanceSpec>();

	constructor(parts: AgentParts) {
		this.#parts = parts;
		this.#world = parts.world;
	}

	get names(): string[] {
		return [...this.#instances.keys()];
	}

	get agents(): AgentProcess[] {
		return [...this.#instances.values()].flatMap(({agent}) => (agent ? [agent] : []));
	}

	agent(name: string): AgentProcess | undefined {
		return this.#instances.get(name)?.agent;
	}

	/** An instance ends, with all that runs in it. */
	end(name: string, cause: string): void {
		const instance = this.#instances.get(name);
		if (instance === undefined) return;
		this.#world.trace(() => `instance ${name} ends: ${cause}`);
		this.#instances.delete(name);
		instance.agent?.die();
		for (const tell of instance.watchers) tell({cause});
	}

	/** The orchestrator died. What it asked for at that moment happens all the same, or never. */
	forgetStarts(): void {
		for (const spec of this.#starting.values()) if (spec.agent.name !== brokenAgent && this.#world.random.chance(0.5)) this.#start(spec);
		this.#starting = new Map();
	}

	portsOf(life: Life): ReadonlyMap<AgentType, Driver> {
		const port = this.#port(life);
		return new Map([
			['local', port],
			['docker', port],
		]);
	}

	#port(life: Life): Driver {
		const {random, faults} = this.#world;
		const fails = (chance: number) => !this.#world.healed && random.chance(chance);
		return {
			name: 'fake',
			probe: () => Promise.resolve(),
			start: spec => {
				this.#starting.set(spec.name, spec);
				const startMs = random.below(1500);
				life.later(startMs, () => this.#starting.delete(spec.name) && spec.agent.name !== brokenAgent && this.#start(spec));
				// It may run for a while, or have failed to tell of it, before this is known.
				return life.eventually(startMs + random.below(1500), () => {
					if (!this.#instances.has(spec.name) || fails(faults.startFails)) throw unavailable();
					return {driver: 'fake', name: spec.name};
				});
			},
			stop: ({name}) => {
				return life.eventually(random.below(1500), () => {
					if (fails(faults.stopFails)) throw unavailable();
					this.#starting.delete(name);
					this.end(name, 'stopped');
				});
			},
			watch: (name, _handle, signal) => this.#watch(life, name, signal),
			list: () => Promise.resolve(this.names.map((name): {name: string; handle: Handle} => ({name, handle: {driver: 'fake', name}}))),
			close: () => Promise.resolve(),
		};
	}

	#start(spec: InstanceSpec): void {
		if (this.#instances.has(spec.name)) return;
		const {random, faults, healed} = this.#world;
		const silent = !healed && random.chance(faults.startSilent);
		const agent = silent ? undefined : new AgentProcess(this.#parts, {name: spec.name, slots: spec.agent.slots, mode: 'pull'});
		this.#instances.set(spec.name, {spec, agent, watchers: new Set()});
		this.#world.trace(() => `instance ${spec.name} starts${silent ? ', silent' : ''}`);
	}

	#watch(life: Life, name: string, signal: AbortSignal): Promise<InstanceEnd> {
		return new Promise((resolve, reject) => {
			signal.addEventListener('abort', () => reject(signal.reason));
			const tell = (end: InstanceEnd) => life.later(this.#world.random.below(2000), () => resolve(end));
			const instance = this.#instances.get(name);
			if (instance === undefined) tell({cause: 'it is gone'});
			else instance.watchers.add(tell);
		});
	}
}

function unavailable(): ByoaiError {
	return new ByoaiError('unavailable', 'the driver cannot', {retryable: true});
}
