import {ByoaiError} from '../../model/error.ts';
import type {Handle, InstanceEnd, InstanceSpec} from '../../model/instance.ts';
import {FakeOutput} from './output.ts';
import type {FakeScript, FakeTimers} from './script.ts';

export type FakeInstance = {
	/** Tells it from an earlier and a later one of the same name. */
	readonly serial: string;
	readonly started: Promise<Handle>;
	/** Settles with the end of the instance. */
	readonly ended: Promise<InstanceEnd>;
	/** Ends it, as if somebody had killed it; does nothing once it has ended. */
	readonly end: (end: InstanceEnd) => void;
	/** Asks its program to end, and kills it after `graceMs`; resolves once it has ended. */
	readonly terminate: (graceMs: number) => Promise<void>;
	readonly status: () => 'starting' | 'running' | 'ended';
	/** Whether it has a `command` that has run: it then stays, with its output, until it is stopped. */
	readonly remains: () => boolean;
	readonly output: FakeOutput;
};

const globalTimers: FakeTimers = {
	setTimeout: (callback, ms) => setTimeout(callback, ms),
	clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
};

export type FakeStart = {
	readonly spec: InstanceSpec;
	readonly script: FakeScript;
	readonly serial: string;
	readonly timers?: FakeTimers;
	/** Takes it out of the machine, as if it had never been there. */
	readonly vanish: () => void;
	readonly onStarted?: (spec: InstanceSpec) => void;
	readonly onEnded?: (name: string, end: InstanceEnd) => void;
};

export function startInstance({spec, script, serial, timers = globalTimers, vanish, onStarted, onEnded}: FakeStart): FakeInstance {
	const now = timers.now ?? Date.now;
	const started = Promise.withResolvers<Handle>();
	const ended = Promise.withResolvers<InstanceEnd>();
	const output = new FakeOutput();
	const waiting: unknown[] = [];
	const after = (ms: number, callback: () => void) => void waiting.push(timers.setTimeout(callback, ms));
	let status: ReturnType<FakeInstance['status']> = 'starting';
	let ranAt: number | undefined;
	let isAsked = false;

	function end(how: InstanceEnd): void {
		if (status === 'ended') return;
		const ran = status === 'running';
		status = 'ended';
		for (const timer of waiting) timers.clearTimeout(timer);
		started.reject(new ByoaiError('unavailable', `Instance ${spec.name} was stopped while it started.`, {retryable: true}));
		output.end();
		const asked = isAsked && {isAsked: true as const};
		ended.resolve(spec.command === undefined || ranAt === undefined ? how : {...how, ...asked, durationMs: now() - ranAt});
		if (ran && spec.command === undefined) onEnded?.(spec.name, how);
	}

	function run(): void {
		if (script.type === 'refuses') {
			started.reject(new ByoaiError('unavailable', script.message, {retryable: script.retryable ?? false}));
			end({cause: script.message});
			return;
		}
		status = 'running';
		ranAt = now();
		started.resolve({driver: 'fake', serial});
		if (script.type !== 'never-ready' && spec.command === undefined) onStarted?.(spec);
		// Timers of some milliseconds may come in another order than they were set in; what is printed does not.
		const prints = printsOf(script).toSorted((a, b) => a.afterMs - b.afterMs);
		const waiting = prints.values();
		for (const {afterMs} of prints) {
			after(afterMs, () => {
				const {value} = waiting.next();
				if (value !== undefined) output.print({stream: value.stream ?? 'stdout', at: now(), data: Buffer.from(value.data as string)});
			});
		}
		const last = lastOf(script);
		if (last !== undefined && status === 'running') {
			after(last.afterMs, () => {
				if (script.type === 'vanishes') vanish();
				end(last.end);
			});
		}
	}

	async function terminate(graceMs: number): Promise<void> {
		isAsked ||= status !== 'ended';
		const ignores = 'ignoresTerm' in script && script.ignoresTerm === true;
		const heedsCode = 'heedsCode' in script ? script.heedsCode : undefined;
		if (ignores) after(graceMs, () => end({cause: 'killed by SIGKILL', signal: 'SIGKILL', exitCode: 137}));
		else if (heedsCode !== undefined) end({cause: `exited with code ${heedsCode}`, exitCode: heedsCode});
		else end({cause: 'killed by SIGTERM', signal: 'SIGTERM', exitCode: 143});
		await ended.promise;
	}

	after(script.startMs ?? 0, run);
	return {
		serial,
		started: started.promise,
		ended: ended.promise,
		end,
		terminate,
		status: () => status,
		remains: () => spec.command !== undefined && ranAt !== undefined,
		output,
	};
}

function printsOf(script: FakeScript) {
	return 'prints' in script && script.prints !== undefined ? script.prints : [];
}

function lastOf(script: FakeScript): {readonly afterMs: number; readonly end: InstanceEnd} | undefined {
	switch (script.type) {
		case 'exits': {
			const {afterMs, exitCode, output} = script;
			return {afterMs, end: {cause: `exited with code ${exitCode}`, exitCode, ...(output === undefined ? {} : {output})}};
		}
		case 'out-of-memory':
			return {afterMs: script.afterMs, end: {cause: 'out of memory', exitCode: 137, signal: 'SIGKILL'}};
		case 'vanishes':
			return {afterMs: script.afterMs, end: {cause: 'removed by somebody else'}};
		default:
			return undefined;
	}
}
