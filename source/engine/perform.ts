import type {Driver} from '../drivers/driver.ts';
import type {Command} from '../model/command.ts';
import {ByoaiError, messageOf} from '../model/error.ts';
import type {Event} from '../model/event.ts';
import type {SessionId} from '../model/ids.ts';
import type {Handle, InstanceEnd, InstanceSpec} from '../model/instance.ts';
import type {AgentType} from '../model/workflow.ts';
import {isImageAgent} from '../model/workflow.ts';
import type {Clock} from './clock.ts';

export type PerformOptions = {
	readonly drivers: ReadonlyMap<AgentType, Driver>;
	/** Starts and stops image agents, whatever their type; absent: there are none. */
	readonly imageAgents?: Driver;
	readonly clock: Clock;
	/** Journals what came of a command; a refusal means that it is known already. */
	readonly offer: (event: Event) => Promise<unknown>;
	readonly sendOrders: (session: SessionId) => void;
	/** Told of an agent's instance that runs; the signal is aborted when it does no more, or is not watched any more. */
	readonly onRunning?: (driver: Driver, instance: string, handle: Handle, signal: AbortSignal) => void;
	/** Something went wrong that nobody waits for: for the diagnostics. */
	readonly warn: (message: string) => void;
};

const stopRetryMs = 2000;

/** Performs commands: idempotent, and each ends in an event. */
export class Performer {
	readonly #options: PerformOptions;
	/** Instances whose end is being awaited. */
	readonly #watches = new Map<string, AbortController>();
	/** Starts whose answer still counts, by instance: once that has been stopped, its name may be another's. */
	readonly #starts = new Map<string, Set<symbol>>();
	/** Instances on their way out: the stop tells of their end, for only then is nothing left of them. */
	readonly #stopping = new Set<string>();
	#closed = false;

	constructor(options: PerformOptions) {
		this.#options = options;
	}

	perform(command: Command): void {
		switch (command.type) {
			case 'start-instance':
				void this.#start(command.spec);
				return;
			case 'adopt-instance':
				void this.#watch(command.spec, command.handle);
				return;
			case 'stop-instance':
				void this.#stop(command.spec, command.handle);
				return;
			case 'send-orders':
				return this.#options.sendOrders(command.session);
			case 'record-run':
				return; // written by the engine, with the event that ended the run
		}
	}

	/**
	 * Stops living instances that nobody knows: left behind by a life of which the journal tells nothing any more. `types`: whose drivers
	 * are asked.
	 */
	async sweep(isKnown: (instance: string) => boolean, types: ReadonlySet<AgentType>): Promise<void> {
		for (const [type, driver] of this.#options.drivers) {
			if (!types.has(type)) continue;
			try {
				for (const {name, handle} of await driver.list()) {
					if (isKnown(name)) continue; // asked only now: names come back while others are being stopped
					this.#options.warn(`instance ${name} is not one of any run: stopping it`);
					await driver.stop({name, handle});
				}
			} catch (error) {
				this.#options.warn(`left-over instances of driver ${driver.name} were not looked for: ${messageOf(error)}`);
			}
		}
	}

	/** Awaits nothing more. Instances live on. */
	close(): void {
		this.#closed = true;
		for (const watch of this.#watches.values()) watch.abort();
		this.#watches.clear();
	}

	#driver(spec: InstanceSpec): Driver {
		const driver = this.#driverOf(spec);
		if (driver === undefined) throw new ByoaiError('unsupported', `agents of type ${spec.agent.type} cannot run in this version`);
		return driver;
	}

	#driverOf({agent}: InstanceSpec): Driver | undefined {
		const {drivers, imageAgents} = this.#options;
		return isImageAgent(agent.name) ? imageAgents : drivers.get(agent.type);
	}

	async #start(spec: InstanceSpec): Promise<void> {
		const handle = await this.#started(spec);
		if (handle !== undefined && !this.#stopping.has(spec.name)) await this.#watch(spec, handle);
	}

	/** Tells what came of a start; undefined: there is nothing to be watched. */
	async #started(spec: InstanceSpec): Promise<Handle | undefined> {
		const {name} = spec;
		const start = Symbol(name);
		const starts = this.#starts.get(name) ?? new Set();
		this.#starts.set(name, starts);
		starts.add(start);
		const {clock} = this.#options;
		try {
			const handle = await this.#driver(spec).start(spec);
			if (starts.has(start)) await this.#tell({type: 'instance-started', at: clock.now(), instance: name, handle});
			return starts.has(start) ? handle : undefined;
		} catch (error) {
			const end = {cause: messageOf(error), ...(isFinal(error) && {isFinal: true as const})};
			if (starts.has(start)) await this.#tell({type: 'instance-failed', at: clock.now(), instance: name, end});
			return undefined;
		} finally {
			starts.delete(start);
			if (starts.size === 0 && this.#starts.get(name) === starts) this.#starts.delete(name);
		}
	}

	async #watch(spec: InstanceSpec, handle: Handle): Promise<void> {
		const watch = new AbortController();
		// Two watches of one instance would tell its end twice.
		this.#watches.get(spec.name)?.abort();
		this.#watches.set(spec.name, watch);
		const running = new AbortController();
		watch.signal.addEventListener('abort', () => running.abort());
		let end: InstanceEnd;
		try {
			const driver = this.#driver(spec);
			if (spec.command === undefined) this.#options.onRunning?.(driver, spec.name, handle, running.signal);
			end = await driver.watch(spec.name, handle, watch.signal);
		} catch (error) {
			if (watch.signal.aborted) return;
			end = {cause: `it can no longer be watched: ${messageOf(error)}`};
		} finally {
			running.abort();
		}
		if (watch.signal.aborted || this.#stopping.has(spec.name)) return;
		this.#watches.delete(spec.name);
		await this.#tell({type: 'instance-ended', at: this.#options.clock.now(), instance: spec.name, end});
	}

	async #stop(spec: InstanceSpec, handle: Handle | undefined): Promise<void> {
		if (this.#stopping.has(spec.name)) return;
		this.#stopping.add(spec.name);
		await this.#stopOrRetry(spec, handle);
	}

	async #stopOrRetry(spec: InstanceSpec, handle: Handle | undefined): Promise<void> {
		try {
			// What has no driver here was never started.
			await this.#driverOf(spec)?.stop({name: spec.name, ...(handle && {handle})});
		} catch (error) {
			this.#options.warn(`instance ${spec.name} could not be stopped, trying again: ${messageOf(error)}`);
			this.#options.clock.after(stopRetryMs, () => {
				if (!this.#closed) void this.#stopOrRetry(spec, handle);
			});
			return;
		}
		this.#watches.get(spec.name)?.abort();
		this.#watches.delete(spec.name);
		this.#stopping.delete(spec.name);
		this.#starts.get(spec.name)?.clear();
		await this.#tell({type: 'instance-ended', at: this.#options.clock.now(), instance: spec.name, end: {cause: 'stopped'}});
	}

	async #tell(event: Event): Promise<void> {
		if (this.#closed) return;
		try {
			await this.#options.offer(event);
		} catch (error) {
			// The engine has stopped: the next start of the orchestrator finds out anew.
			if (!this.#closed) this.#options.warn(`not recorded, ${event.type}: ${messageOf(error)}`);
		}
	}
}

/** Whether what was asked for cannot be, on any try. */
function isFinal(error: unknown): boolean {
	return error instanceof ByoaiError && (error.code === 'invalid' || error.code === 'unsupported');
}
