import {expect, onTestFinished, test} from 'vitest';
import {Views} from '../../source/engine/views.ts';
import type {ViewChange} from '../../source/protocol/views.ts';
import type {LiveEngine} from '../helpers/live-engine.ts';
import {assigned, finished, openEngine, opened, registered, submitted} from '../helpers/live-engine.ts';
import {needs, task, workflow} from '../helpers/scheduling.ts';

const chain = workflow([task('a'), task('b', {dependsOn: [needs(0)]}), task('c', {dependsOn: [needs(1)]})]);
const cancelled = (run: string) => ({type: 'run-cancelled' as const, at: 1, run, reason: 'enough'});

function watch({engine}: LiveEngine, silent: ReadonlySet<string> = new Set()) {
	const views = new Views(engine, agent => !silent.has(agent));
	onTestFinished(() => views.close());
	const heard: Array<{sequence: number; change: ViewChange}> = [];
	views.subscribe((sequence, change) => heard.push({sequence, change}));
	return {views, heard, last: () => heard.at(-1)?.change ?? {}};
}

/** An agent with one session and a run of a chain of three tasks, of which the first is ready. */
async function begun(): Promise<LiveEngine> {
	const live = openEngine();
	await live.tell(registered('agent', 2), opened('s', 'agent'), submitted('r1', chain));
	return live;
}

test('only what changed is told, and what did not is the same row', async () => {
	const live = await begun();
	const {views, last} = watch(live);
	const before = views.snapshot();
	await live.tell(assigned('s', 'r1'));
	expect(last()).toMatchObject({
		runs: [{id: 'r1', status: 'running', counts: {running: 1, blocked: 2, ready: 0}}],
		tasks: [{id: 'r1/0', status: 'running', attempt: 1, agent: 'agent'}],
		agents: [{id: 'agent', used: 1, slots: 2}],
	});
	expect(last().tasks).toHaveLength(1);
	const after = views.snapshot();
	expect(after.tasks[1]).toBe(before.tasks[1]);
	expect(after.tasks[0]).toBe(last().tasks?.[0]);
});

test('what changes nothing that is seen is not told', async () => {
	const live = await begun();
	const {heard, views} = watch(live);
	await live.tell({type: 'ticked', at: Date.now()});
	views.refresh();
	expect(heard).toEqual([]);
	expect(views.sequence).toBe(0);
});

test('versions rise with every change, also of rows that were there before the first', async () => {
	const live = await begun();
	const {views, heard} = watch(live);
	const versions = () => {
		const {runs, tasks, agents} = views.snapshot();
		return new Map([...runs, ...tasks, ...agents].map(({id, version}) => [id, version]));
	};
	for (const event of [
		assigned('s', 'r1'),
		finished('s', 'r1'),
		assigned('s', 'r1', 1),
		finished('s', 'r1', {task: 1, status: 'failed'}),
	]) {
		const before = versions();
		await live.tell(event);
		const {runs = [], tasks = [], agents = []} = heard.at(-1)?.change ?? {};
		for (const {id, version} of [...runs, ...tasks, ...agents]) expect(version, id).toBeGreaterThan(before.get(id) ?? -1);
	}
	expect(heard.map(({sequence}) => sequence)).toEqual([1, 2, 3, 4]);
});

test('counts always are those of the tasks', async () => {
	const live = await begun();
	const {views} = watch(live);
	const counted = () => {
		const counts: Record<string, number> = {};
		for (const {status} of views.snapshot().tasks) counts[status] = (counts[status] ?? 0) + 1;
		return counts;
	};
	for (const event of [assigned('s', 'r1'), finished('s', 'r1'), assigned('s', 'r1', 1)]) {
		await live.tell(event);
		const shown = Object.entries(views.snapshot().runs[0]?.counts ?? {}).filter(([, count]) => count > 0);
		expect(Object.fromEntries(shown)).toEqual(counted());
	}
});

test('an ended run stays in view without its tasks; who was connected hears how each of them ended', async () => {
	const live = await begun();
	const {views, last} = watch(live);
	await live.tell(cancelled('r1'));
	expect(last()).toMatchObject({
		runs: [{id: 'r1', status: 'cancelled', reason: 'enough', counts: {cancelled: 3}}],
		tasks: [{status: 'cancelled'}, {status: 'cancelled'}, {status: 'cancelled'}],
	});
	expect(views.snapshot()).toMatchObject({runs: [{id: 'r1', status: 'cancelled'}], tasks: []});
});

test('of ended runs only the newest hundred stay in view', async () => {
	const live = openEngine();
	const {views, heard} = watch(live);
	const ids = Array.from({length: 103}, (_, index) => `r${String(index).padStart(3, '0')}`);
	await live.tell(submitted('active', chain));
	for (const id of ids) await live.tell(submitted(id, chain), cancelled(id));
	const shown = views.snapshot().runs.map(({id}) => id);
	expect(shown).toHaveLength(101);
	expect(shown).toContain('active');
	expect(heard.flatMap(({change}) => change.gone?.runs ?? [])).toEqual(ids.slice(0, 3));
});

test('a run that comes and ends with one commit is shown ended', async () => {
	const live = openEngine();
	const {last} = watch(live);
	await Promise.all([live.engine.submit(submitted('r1', chain)), live.engine.submit(cancelled('r1'))]);
	expect(last()).toMatchObject({runs: [{id: 'r1', status: 'cancelled'}], tasks: [{}, {}, {}]});
});

test('whether an agent is heard from is told when it is looked at', async () => {
	const live = await begun();
	const silent = new Set<string>();
	const {views, last, heard} = watch(live, silent);
	expect(views.snapshot().agents).toMatchObject([{id: 'agent', status: 'online', used: 0}]);
	silent.add('agent');
	expect(heard).toEqual([]);
	views.refresh();
	expect(last()).toMatchObject({agents: [{id: 'agent', status: 'lost'}]});
});

test('an agent that is removed is gone', async () => {
	const live = await begun();
	const {views, last} = watch(live);
	await live.tell({type: 'agent-removed', at: 1, agent: 'agent'});
	expect(last().gone).toEqual({agents: ['agent']});
	expect(views.snapshot().agents).toEqual([]);
});

test('who resumes gets what came since, as far as it is kept', async () => {
	const live = await begun();
	const {views, heard} = watch(live);
	expect(views.changesSince(0)).toEqual([]);
	await live.tell(assigned('s', 'r1'), finished('s', 'r1'));
	expect(views.changesSince(0)).toEqual(heard);
	expect(views.changesSince(1)).toEqual(heard.slice(1));
	expect(views.changesSince(2)).toEqual([]);
	expect(views.changesSince(3)).toBeUndefined();
	for (let count = 0; count < 1000; count++) await live.tell(registered('agent', 3 + (count % 2)));
	expect(views.changesSince(1)).toBeUndefined();
	expect(views.changesSince(2)).toHaveLength(1000);
});
