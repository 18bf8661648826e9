import {expect, test, vi} from 'vitest';
import {formatAgent, formatAgents} from '../../source/commands/agents.ts';
import {usageBetween} from '../../source/drivers/docker/usage.ts';
import type {Driver} from '../../source/drivers/driver.ts';
import {createFakeDriver, createFakeMachine} from '../../source/drivers/fake/fake.ts';
import {UsageMeter} from '../../source/engine/usage.ts';
import type {InstanceUsage} from '../../source/model/instance.ts';
import {agentRow} from '../helpers/rows.ts';
import {testClock} from '../helpers/test-clock.ts';

const handle = {driver: 'fake'} as const;
const MiB = 2 ** 20;
const of = (cpu: number, mebibytes: number): InstanceUsage => ({cpu, memoryBytes: mebibytes * MiB});

/** Instances that say what they use when they are told to. */
function setUp({streams = 10}: {streams?: number} = {}) {
	const clock = testClock();
	const meter = new UsageMeter({clock, streams});
	const says: Array<PromiseWithResolvers<InstanceUsage | undefined>> = [];
	const begun = vi.fn();
	const driver: Driver = {
		...createFakeDriver({machine: createFakeMachine(), script: () => ({type: 'runs'})}),
		async *usage(_, signal) {
			begun();
			while (!signal.aborted) {
				const next = Promise.withResolvers<InstanceUsage | undefined>();
				says.push(next);
				const usage = await next.promise;
				if (usage === undefined) return;
				yield usage;
			}
		},
	};
	const settle = () => clock.pass(0);
	return {
		clock,
		meter,
		begun,
		settle,
		/** Says it in all streams; undefined ends them. */
		async say(usage: InstanceUsage | undefined) {
			await settle();
			for (const each of says.splice(0)) each.resolve(usage);
			await settle();
		},
		follow(instance: string) {
			const controller = new AbortController();
			meter.follow(driver, instance, handle, controller.signal);
			return () => controller.abort();
		},
	};
}

test('what an instance uses is shown, at most every two seconds, and only when it differs', async () => {
	const {clock, meter, follow, say} = setUp();
	const stop = follow('a');
	await say(of(0.123, 100));
	const shown = meter.of('a');
	expect(shown).toEqual(of(0.12, 100));
	await say(of(3, 900));
	expect(meter.of('a')).toBe(shown);
	await clock.pass(2000);
	await say(of(0.13, 101));
	expect(meter.of('a')).toBe(shown);
	await say(of(3, 900));
	expect(meter.of('a')).toEqual(of(3, 900));
	stop();
	await say(of(3, 900));
	expect(meter.of('a')).toBeUndefined();
});

test('a stream that ends while its instance runs is begun again after a while', async () => {
	const {clock, follow, say, begun} = setUp();
	const stop = follow('a');
	await say(undefined);
	expect(begun).toHaveBeenCalledTimes(1);
	await clock.pass(5000);
	expect(begun).toHaveBeenCalledTimes(2);
	stop();
	await say(undefined);
	await clock.pass(60_000);
	expect(begun).toHaveBeenCalledTimes(2);
});

test('no more than `usage_streams` at once: the next one begins when another has ended', async () => {
	const {follow, say, begun, meter, settle} = setUp({streams: 2});
	const stops = ['a', 'b', 'c', 'd'].map(follow);
	await say(of(1, 1));
	expect(begun).toHaveBeenCalledTimes(2);
	expect(['a', 'b', 'c', 'd'].filter(instance => meter.of(instance) !== undefined)).toEqual(['a', 'b']);
	stops[2]?.(); // it did not wait for nothing
	stops[0]?.();
	await say(of(1, 1));
	await settle();
	await say(of(1, 1));
	expect(['a', 'b', 'c', 'd'].filter(instance => meter.of(instance) !== undefined)).toEqual(['b', 'd']);
});

test('processors and memory between two measurements', () => {
	const stats = (second: number, total: number, memory: object) => ({
		read: `2026-01-01T00:00:0${second}.000000000Z`,
		cpu_stats: {cpu_usage: {total_usage: total}},
		memory_stats: memory,
	});
	const first = stats(1, 1e9, {usage: 10});
	expect(usageBetween(undefined, first)).toBeUndefined();
	expect(usageBetween(first, stats(3, 4e9, {usage: 10, stats: {total_inactive_file: 4, inactive_file: 1}}))).toEqual({
		cpu: 1.5,
		memoryBytes: 6,
	});
	expect(usageBetween(first, stats(2, 1e9, {usage: 10, stats: {inactive_file: 1}}))).toEqual({cpu: 0, memoryBytes: 9});
	expect(usageBetween(first, {read: '0001-01-01T00:00:00Z', cpu_stats: {cpu_usage: {total_usage: 0}}, memory_stats: {}})).toBeUndefined();
});

test('the agents’ table, and one agent', () => {
	const usage = {cpu: 1.5, memoryBytes: 212 * MiB, memoryLimitBytes: 512 * MiB};
	const rows = [agentRow({id: 'a', usage}), agentRow({id: 'b', usage: of(0, 12)}), agentRow({id: 'c'})];
	expect(
		formatAgents(rows, {colour: false, unicode: true})
			.split('\n')
			.map(line => line.trimEnd()),
	).toEqual([
		'AGENT  TYPE   STATUS  SLOTS  CPU   MEMORY',
		'a      local  online  0/1    1.50  212 of 512 MiB',
		'b      local  online  0/1    0.00  12 MiB',
		'c      local  online  0/1',
		'',
	]);
	expect(formatAgents(rows.slice(2), {colour: false, unicode: true})).not.toMatch(/CPU|MEMORY/);
	expect(formatAgent({...agentRow({id: 'a', usage}), attempts: []}, 0)).toMatch(/ {2}uses +1.50 processors, 212 of 512 MiB\n/);
});
