import {ByoaiError} from '../model/error.ts';
import type {Handle, InstanceEnd, InstanceSpec} from '../model/instance.ts';
import {orAborted} from './abortable.ts';
import type {Driver} from './driver.ts';

/** What becomes of a started instance. Plain data, so that demos and scenarios can be written down. */
export type FakeScript =
	/** It runs until it is stopped. */
	| {readonly type: 'runs'; readonly startMs?: number}
	/** It cannot be started, and `message` says why. */
	| {readonly type: 'refuses'; readonly startMs?: number; readonly message: string}
	/** It runs, but no agent ever comes up in it. */
	| {readonly type: 'never-ready'; readonly startMs?: number}
	/** It runs for `afterMs` and exits. */
	| {readonly type: 'exits'; readonly startMs?: number; readonly afterMs: number; readonly exitCode: number; readonly output?: string}
	/** It runs for `afterMs` and is killed for want of memory. */
	| {readonly type: 'out-of-memory'; readonly startMs?: number; readonly afterMs: number};

/** The part of the global timers that is needed, so that a simulation can bring a time of its own. */
export type FakeTimers = {
	setTimeout(callback: () => void, ms: number): unknown;
	clearTimeout(timer: unknown): void;
};

/** The machine on which fake instances run. It outlives driver objects, as a host outlives orchestrators. */
export type FakeMachine = {
	readonly instances: Map<string, FakeInstance>;
	/** Agent name → how many instances of it were ever started. */
	readonly starts: Map<string, number>;
};

export type FakeInstance = {
	/** Tells it from an earlier and a later one of the same name. */
	readonly serial: string;
	readonly started: Promise<Handle>;
	/** Settles with the end of the instance. */
	readonly ended: Promise<InstanceEnd>;
	/** Ends it, as if somebody had killed it; does nothing once it has ended. */
	readonly end: (end: InstanceEnd) => void;
	readonly status: () => 'starting' | 'running' | 'ended';
};

export type FakeDriverOptions = {
	readonly machine: FakeMachine;
	/** `count` says the how-manieth instance of this agent it is, from 1. */
	readonly script: (spec: InstanceSpec, count: number) => FakeScript;
	readonly timers?: FakeTimers;
	/** The instance runs and its agent may come up: the place to connect a modelled one. Not called for `never-ready`. */
	readonly onStarted?: (spec: InstanceSpec) => void;
	/** An instance that ran is no more, for whatever cause. */
	readonly onEnded?: (name: string, end: InstanceEnd) => void;
};

const globalTimers: FakeTimers = {
	setTimeout: (callback, ms) => setTimeout(callback, ms),
	clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
};

export function createFakeMachine(): FakeMachine {
	return {instances: new Map(), starts: new Map()};
}

/** A driver whose instances are scripted by data and exist in memory alone: for tests, simulations and demos. */
export function createFakeDriver(options: FakeDriverOptions): Driver {
	const {instances} = options.machine;
	const closing = new AbortController();

	return {
		name: 'fake',
		validate: () => [],
		probe: () => Promise.resolve(),
		start: async spec => {
			closing.signal.throwIfAborted();
			const known = instances.get(spec.name);
			if (known !== undefined && known.status() !== 'ended') return known.started;
			const instance = startInstance(spec, options);
			instances.set(spec.name, instance);
			return instance.started;
		},
		stop: async ({name}) => {
			instances.get(name)?.end({cause: 'killed by SIGTERM', signal: 'SIGTERM'});
			instances.delete(name);
		},
		watch: async (name, handle, signal) => {
			const instance = instances.get(name);
			const gone = {cause: 'ended while nobody watched'};
			const ended = instance !== undefined && instance.serial === handle.serial ? instance.ended : Promise.resolve(gone);
			return orAborted(ended, AbortSignal.any([signal, closing.signal]));
		},
		list: async () => {
			const running = [...instances].filter(([, instance]) => instance.status() === 'running');
			return Promise.all(running.map(async ([name, {started}]) => ({name, handle: await started})));
		},
		close: async () => closing.abort(new ByoaiError('stopping', 'The fake driver was closed.')),
	};
}

function startInstance(spec: InstanceSpec, options: FakeDriverOptions): FakeInstance {
	const {machine, timers = globalTimers} = options;
	const count = (machine.starts.get(spec.agent.name) ?? 0) + 1;
	machine.starts.set(spec.agent.name, count);
	const script = options.script(spec, count);
	const serial = `${spec.agent.name}#${count}`;
	const started = Promise.withResolvers<Handle>();
	const ended = Promise.withResolvers<InstanceEnd>();
	let status: ReturnType<FakeInstance['status']> = 'starting';

	function end(how: InstanceEnd): void {
		if (status === 'ended') return;
		const ran = status === 'running';
		status = 'ended';
		timers.clearTimeout(timer);
		started.reject(new ByoaiError('unavailable', `Instance ${spec.name} was stopped while it started.`));
		ended.resolve(how);
		if (ran) options.onEnded?.(spec.name, how);
	}

	function run(): void {
		if (script.type === 'refuses') {
			started.reject(new ByoaiError('unavailable', script.message));
			end({cause: script.message});
			return;
		}
		status = 'running';
		started.resolve({driver: 'fake', serial});
		if (script.type !== 'never-ready') options.onStarted?.(spec);
		const last = lastOf(script);
		if (last !== undefined && status === 'running') timer = timers.setTimeout(() => end(last.end), last.afterMs);
	}

	let timer = timers.setTimeout(run, script.startMs ?? 0);
	return {serial, started: started.promise, ended: ended.promise, end, status: () => status};
}

function lastOf(script: FakeScript): {readonly afterMs: number; readonly end: InstanceEnd} | undefined {
	switch (script.type) {
		case 'exits': {
			const {afterMs, exitCode, output} = script;
			return {afterMs, end: {cause: `exited with code ${exitCode}`, exitCode, ...(output === undefined ? {} : {output})}};
		}
		case 'out-of-memory':
			return {afterMs: script.afterMs, end: {cause: 'out of memory', exitCode: 137, signal: 'SIGKILL'}};
		default:
			return undefined;
	}
}
