import {expect, test} from 'vitest';
import type {Event} from '../../source/model/event.ts';
import type {LogLine, RunDetail, RunRow} from '../../source/protocol/views.ts';
import type {Batch, Store} from '../../source/store/store.ts';
import type {Breakage} from '../helpers/breaking.ts';
import {breaking, overheard} from '../helpers/breaking.ts';
import type {Work} from '../helpers/fake-agent.ts';
import {FakeWorld} from '../helpers/fake-world.ts';
import type {Faults, Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';

const text = `
agents: [{name: crew, slots: 2}]
defaults: {agent: crew}
tasks:
  - {name: a, command: x}
  - {name: b, command: x, depends_on: [a]}
  - {name: c, command: x}
  - {name: d, command: x, depends_on: [b, c]}
`;
const names = ['a', 'b', 'c', 'd'];

/** A world in which it is known what its tasks did, and what the journal holds of them. */
function createWorld() {
	const executed: string[] = [];
	const work: Work = async ({task}, print) => {
		executed.push(task);
		await print(`${task} says so\n`);
		return {status: 'succeeded', exitCode: 0};
	};
	const journaled: Event[] = [];
	const overhear = (store: Store) => overheard(store, 'append', ([batch]) => journaled.push(...(batch as Batch).events));
	return {world: new FakeWorld(work), executed, journaled, overhear};
}

async function listed(orchestra: Orchestra): Promise<readonly RunRow[]> {
	return ((await (await orchestra.call('GET', '/v1/runs')).json()) as {runs: RunRow[]}).runs;
}

/** Submits what is not there yet, and waits until nothing is left to do; false: the engine stopped before. */
async function live(orchestra: Orchestra): Promise<boolean> {
	const {engine} = orchestra.services;
	if ((await listed(orchestra)).length === 0) await orchestra.call('POST', '/v1/runs', {text, directory: '/'});
	const isOver = () => engine.state.runs.size + Object.keys(engine.state.pools).length === 0;
	await expect.poll(() => orchestra.fatal.length > 0 || isOver()).toBe(true);
	return orchestra.fatal.length === 0;
}

/** All tasks succeeded, once each as far as the journal, the log and the view go, and nothing is left of what was started. */
async function expectWhole(orchestra: Orchestra, {world, journaled}: ReturnType<typeof createWorld>): Promise<RunDetail> {
	expect(await listed(orchestra)).toMatchObject([{status: 'succeeded', counts: {succeeded: names.length}}]);
	const run = (await (await orchestra.call('GET', '/v1/runs/latest')).json()) as RunDetail;
	const accepted = journaled.flatMap(event => (event.type === 'attempt-finished' ? [event] : []));
	expect(accepted.map(({ref}) => ref.task).sort()).toEqual([0, 1, 2, 3]);
	for (const {ref, outcome} of accepted) expect(run.tasks[ref.task]?.attempts[ref.attempt - 1]).toMatchObject({outcome});
	for (const {attempts} of run.tasks) expect(attempts.filter(({status}) => status === 'succeeded')).toHaveLength(1);
	const log = (await (await orchestra.call('GET', '/v1/logs')).text()).split('\n').filter(line => line !== '');
	const lines = log.map(line => JSON.parse(line) as LogLine);
	const ofSucceeded = lines.filter(({task, attempt}) => accepted.some(({ref}) => ref.task === task && ref.attempt === attempt));
	expect(ofSucceeded.map(line => line.text).sort()).toEqual(names.map(name => `${name} says so`));
	expect([...world.machine.instances.values()].map(({status}) => status())).not.toContain('running');
	return run;
}

const both = ['before', 'after'] as const;
const cases = (method: string, calls: number): Breakage[] =>
	Array.from({length: calls}, (_, index) => both.map(when => ({method, call: index + 1, when}))).flat();

test('with nothing broken it is whole', async () => {
	const created = createWorld();
	const orchestra = openOrchestra({world: created.world, faults: {store: created.overhear}});
	expect(await live(orchestra)).toBe(true);
	await expectWhole(orchestra, created);
	expect(created.executed.sort()).toEqual(names);
});

test.each([...cases('append', 7), ...cases('saveSnapshot', 2)])(
	'the store’s $method breaks $when it is done, call $call: the engine stops, says why, and the next life goes on from what was written',
	async breakage => {
		const created = createWorld();
		const {world, executed, overhear, journaled} = created;
		// What `append` does before it breaks is written, and so overheard.
		const faults: Faults = {store: store => breaking(overhear(store), breakage)};
		const broken = openOrchestra({world, limits: {snapshot_events: 5, batch_events: 1}, faults});
		expect(await live(broken)).toBe(false);
		expect(broken.fatal).toMatchObject([{code: 'unavailable', message: expect.stringContaining('broken on purpose')}]);
		const before = journaled.length;
		const late = await broken.call('POST', '/v1/runs', {text, directory: '/'});
		expect(late.status).toBe(503);
		await broken.close();
		expect(journaled).toHaveLength(before);
		const next = openOrchestra({world, faults: {store: overhear}});
		expect(await live(next)).toBe(true);
		await expectWhole(next, created);
		expect(executed.sort()).toEqual(names);
	},
);

test.each(['loadSnapshot', 'read'])('the store’s %s breaks: nothing is opened, and the next life finds everything', async method => {
	const created = createWorld();
	const {world, overhear} = created;
	const first = openOrchestra({world, faults: {store: store => breaking(overhear(store), {method: 'append', call: 5, when: 'after'})}});
	expect(await live(first)).toBe(false);
	await first.close();
	const faults: Faults = {store: store => breaking(store, {method, call: 1, when: 'before'})};
	expect(() => openOrchestra({world, faults})).toThrow('broken on purpose');
	const next = openOrchestra({world, faults: {store: overhear}});
	expect(await live(next)).toBe(true);
	await expectWhole(next, created);
	expect(created.executed.sort()).toEqual(names);
});

test.each([...cases('start', 1), ...cases('stop', 1), {method: 'watch', call: 1, when: 'before'} as const])(
	'the driver’s $method breaks $when it is done: it is tried again, and the run succeeds in the same life',
	async breakage => {
		const created = createWorld();
		const faults: Faults = {store: created.overhear, driver: driver => breaking(driver, breakage)};
		const orchestra = openOrchestra({world: created.world, faults});
		expect(await live(orchestra)).toBe(true);
		const run = await expectWhole(orchestra, created);
		// What was lost with its instance was executed once more, nothing else.
		expect(created.executed).toHaveLength(run.tasks.flatMap(({attempts}) => attempts).length);
	},
);

test.each([...cases('append', 2), ...cases('end', 1), ...cases('release', 1)])(
	'the log’s $method breaks $when it is done, call $call: the agent says it again, and nothing is lost or doubled',
	async breakage => {
		const created = createWorld();
		const faults: Faults = {store: created.overhear, logs: logs => breaking(logs, breakage)};
		const orchestra = openOrchestra({world: created.world, faults});
		expect(await live(orchestra)).toBe(true);
		await expectWhole(orchestra, created);
		expect(created.executed.sort()).toEqual(names);
	},
);
