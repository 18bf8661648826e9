import type {Driver} from '../drivers/driver.ts';
import {ByoaiError} from '../model/error.ts';
import type {SessionId} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {Handle, InstanceSpec} from '../model/instance.ts';
import type {AgentType} from '../model/workflow.ts';
import {isImageAgent} from '../model/workflow.ts';
import type {State} from '../scheduler/state.ts';
import {imageInstanceName} from './image-instance.ts';
import type {ImageSessionOptions} from './image-session.ts';
import {ImageSession} from './image-session.ts';

export type ImageAgentsOptions = Omit<ImageSessionOptions, 'driver' | 'agent' | 'session' | 'slots'> & {
	readonly drivers: ReadonlyMap<AgentType, Driver>;
	/** Attempts at once, by type. */
	readonly slots: Readonly<Partial<Record<AgentType, number>>>;
	/** Makes an id that no other session ever has. */
	readonly newSession: () => SessionId;
};

/** Whether this is the instance of an attempt that some image agent has now. */
export function isHeldInstance(state: State, name: string): boolean {
	return state.sessions.values().some(({agent, assigned}) => isImageAgent(agent) && assigned.some(ref => attemptKey(ref) === name));
}

/** Names of attempts and of agents are told apart by this. */
const attemptName = /^r[0-9a-z]{11}\.\d+#\d+$/;

/**
 * Starts and stops image agents, which are sessions inside this process: a driver like others to whoever performs commands. Their handle is the id of
 * their session, so that the next life of the orchestrator takes the same one up.
 */
export function createImageAgents(options: ImageAgentsOptions): Driver {
	const sessions = new Map<string, ImageSession>();

	function driverOf(type: AgentType | string): Driver {
		const driver = options.drivers.get(type as AgentType);
		if (driver === undefined) throw new ByoaiError('unsupported', `tasks with an image of type ${type} cannot run in this version`);
		return driver;
	}

	/** The session begins once the start of its agent is in the journal: before, none is opened. */
	function begin(agent: string, handle: Handle): void {
		if (sessions.has(agent)) return;
		const driver = driverOf(handle.driver);
		const slots = options.slots[handle.driver as AgentType] ?? 1;
		const session = new ImageSession({...options, driver, agent, slots, session: String(handle.session)});
		sessions.set(agent, session);
		session.start();
	}

	async function stop(name: string, type: string): Promise<void> {
		const session = sessions.get(name);
		session?.close();
		await session?.emptied();
		sessions.delete(name);
		const driver = driverOf(type);
		// Its end is what its attempts are lost with. By name, for a start may be under way, of which no list tells.
		const held = options.engine.state.sessions.values().flatMap(({agent, assigned}) => (agent === name ? assigned : []));
		await Promise.all(held.map(ref => driver.stop({name: imageInstanceName(ref)})));
		// What earlier lives left behind: only now nobody needs it for sure.
		for (const {name: instance, handle} of await driver.list()) {
			if (attemptName.test(instance) && !isHeldInstance(options.engine.state, instance)) await driver.stop({name: instance, handle});
		}
	}

	return {
		name: 'docker',
		probe: () => Promise.resolve(),
		start: async ({agent}: InstanceSpec) => {
			await driverOf(agent.type).probe();
			return {driver: agent.type, session: options.newSession()};
		},
		watch: (name, handle, signal) => {
			begin(name, handle);
			return new Promise((_, reject) => {
				if (signal.aborted) reject(signal.reason);
				signal.addEventListener('abort', () => reject(signal.reason), {once: true});
			});
		},
		stop: ({name, handle}) => stop(name, handle?.driver ?? name.replace(/~images.*$/, '')),
		list: () => Promise.resolve([]),
		close: async () => {
			for (const session of sessions.values()) session.close();
		},
	};
}
