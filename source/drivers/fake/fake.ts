import {ByoaiError} from '../../model/error.ts';
import type {Handle, InstanceEnd, InstanceSpec} from '../../model/instance.ts';
import {orAborted} from '../abortable.ts';
import type {Driver} from '../driver.ts';
import type {FakeInstance} from './instance.ts';
import {startInstance} from './instance.ts';
import type {FakeScript, FakeTimers} from './script.ts';

/** The machine on which fake instances run. It outlives driver objects, as a host outlives orchestrators. */
export type FakeMachine = {
	readonly instances: Map<string, FakeInstance>;
	/** Agent name → how many instances of it were ever started; of instances with a `command`: their name → how often each was. */
	readonly starts: Map<string, number>;
};

export type FakeDriverOptions = {
	readonly machine: FakeMachine;
	/** `count` says the how-manieth instance of this agent it is, or start of this instance where it has a `command`, from 1. */
	readonly script: (spec: InstanceSpec, count: number) => FakeScript;
	readonly timers?: FakeTimers;
	/** The instance runs and its agent may come up: the place to connect a modelled one. Not called for `never-ready`, nor where it has a `command`. */
	readonly onStarted?: (spec: InstanceSpec) => void;
	/** An instance with an agent in it that ran is no more, for whatever cause. */
	readonly onEnded?: (name: string, end: InstanceEnd) => void;
};

export function createFakeMachine(): FakeMachine {
	return {instances: new Map(), starts: new Map()};
}

/** A driver whose instances are scripted by data and exist in memory alone: for tests, simulations and demos. */
export function createFakeDriver(options: FakeDriverOptions): Driver {
	const {instances} = options.machine;
	const closing = new AbortController();

	function begin(spec: InstanceSpec): FakeInstance {
		const {machine, script, onStarted, onEnded, timers} = options;
		const key = spec.command === undefined ? spec.agent.name : spec.name;
		const count = (machine.starts.get(key) ?? 0) + 1;
		machine.starts.set(key, count);
		return startInstance({
			spec,
			script: script(spec, count),
			serial: `${key}#${count}`,
			vanish: () => instances.delete(spec.name),
			...(timers && {timers}),
			...(onStarted && {onStarted}),
			...(onEnded && {onEnded}),
		});
	}

	function find(handle: Handle): FakeInstance | undefined {
		return [...instances.values()].find(({serial}) => serial === handle.serial);
	}

	return {
		name: 'fake',
		probe: () => Promise.resolve(),
		start: async spec => {
			closing.signal.throwIfAborted();
			const known = instances.get(spec.name);
			if (known !== undefined && (known.status() !== 'ended' || known.remains())) return known.started;
			const instance = begin(spec);
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
		find: async ({name}) => {
			const instance = instances.get(name);
			return instance === undefined || (instance.status() === 'ended' && !instance.remains()) ? undefined : instance.started;
		},
		list: async () => {
			const there = [...instances].filter(([, instance]) => instance.status() === 'running' || instance.remains());
			return Promise.all(there.map(async ([name, {started}]) => ({name, handle: await started})));
		},
		output: (handle, from, signal) => {
			const instance = find(handle);
			if (instance === undefined) throw new ByoaiError('unavailable', 'The instance is not there any more.', {retryable: true});
			return instance.output.read(from, AbortSignal.any([signal, closing.signal]));
		},
		end: async (handle, graceMs) => {
			await find(handle)?.terminate(graceMs);
		},
		close: async () => closing.abort(new ByoaiError('stopping', 'The fake driver was closed.')),
	};
}
