import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {load} from 'js-yaml';
import {expect, test} from 'vitest';
import type {RunStatus} from '../../source/model/run.ts';
import type {Labels} from '../../source/model/workflow.ts';
import type {RunDetail, TaskDetail} from '../../source/protocol/views.ts';
import type {Work} from '../helpers/fake-agent.ts';
import {FakeWorld} from '../helpers/fake-world.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {fastClock} from '../helpers/test-clock.ts';

/*
 * Each `<name>.yml` here is a workflow, and `<name>.expected.yml` says what becomes of it. Commands are not run but played:
 *
 *     ok  exit <code>  pause (ends well after a while)  hang (until it is stopped)  die (its agent's instance is killed)
 *
 * and `exit 1, then ok` is another thing at each attempt. Seconds pass ten times faster.
 */
type Expected = {
	/** Agents that have registered, with one slot each. */
	readonly agents?: ReadonlyArray<{readonly name: string; readonly labels: Labels}>;
	/** The run is cancelled once this task runs. */
	readonly cancel_when?: string;
	readonly run: RunStatus;
	/** Tasks in the order in which their attempts began. */
	readonly begun?: readonly string[];
	readonly most_at_once?: number;
	/** Task → agent of its last attempt. */
	readonly placed?: Readonly<Record<string, string>>;
	/** `succeeded`, `failed (no_agent)` with a cause, `failed with lost` where the last attempt says another thing, `… after failed, lost`. */
	readonly tasks: Readonly<Record<string, string>>;
};

const speed = 10;
const names = readdirSync(import.meta.dirname).flatMap(file => /^(.*)\.expected\.yml$/.exec(file)?.[1] ?? []);

test.each(names)('%s', async name => {
	const text = readFileSync(join(import.meta.dirname, `${name}.yml`), 'utf8');
	const expected = load(readFileSync(join(import.meta.dirname, `${name}.expected.yml`), 'utf8')) as Expected;
	const stage = createStage();
	const orchestra = openOrchestra({world: stage.world, clock: fastClock(speed)});
	for (const {name: agent, labels} of expected.agents ?? []) await orchestra.play(agent, 1, labels);
	const run = await play(orchestra, text, expected.cancel_when, stage.running);
	expect({run: run.status, tasks: Object.fromEntries(run.tasks.map(task => [task.name, inWords(task)]))}).toEqual({
		run: expected.run,
		tasks: expected.tasks,
	});
	if (expected.begun !== undefined) expect(stage.begun).toEqual(expected.begun);
	if (expected.most_at_once !== undefined) expect(stage.mostAtOnce()).toBe(expected.most_at_once);
	const placed = Object.fromEntries(run.tasks.map(({name: task, agent}) => [task, agent]));
	if (expected.placed !== undefined) expect(placed).toEqual(expected.placed);
	await expect.poll(() => Object.keys(orchestra.services.engine.state.pools)).toEqual([]);
	expect(orchestra.warnings).toEqual([]);
});

/** Runs a workflow to its end, through the API. */
async function play(orchestra: Orchestra, text: string, cancelWhen: string | undefined, running: ReadonlySet<string>): Promise<RunDetail> {
	const reply = await orchestra.call('POST', '/v1/runs', text, {'content-type': 'application/yaml'});
	expect(reply.status, await reply.clone().text()).toBe(201);
	const {id} = (await reply.json()) as RunDetail;
	if (cancelWhen !== undefined) {
		await expect.poll(() => running.has(cancelWhen)).toBe(true);
		expect((await orchestra.call('POST', `/v1/runs/${id}/cancel`, {})).status).toBe(202);
	}
	await orchestra.ended(id);
	return (await (await orchestra.call('GET', `/v1/runs/${id}`)).json()) as RunDetail;
}

function inWords({status, cause, attempts}: TaskDetail): string {
	const earlier = attempts.map(attempt => attempt.status);
	const last = earlier.pop() ?? status;
	return [
		status,
		cause === undefined ? '' : ` (${cause})`,
		last === status ? '' : ` with ${last}`,
		earlier.length === 0 ? '' : ` after ${earlier.join(', ')}`,
	].join('');
}

/** Plays commands, and notes what ran when. */
function createStage() {
	const begun: string[] = [];
	const running = new Set<string>();
	let most = 0;
	const work: Work = async (assignment, _print, stop, agent) => {
		const {task, ref, command, timeoutMs} = assignment;
		begun.push(task);
		running.add(task);
		most = Math.max(most, running.size);
		try {
			const parts = String(command).split(', then ');
			const part = parts[Math.min(ref.attempt, parts.length) - 1] ?? '';
			if (part === 'die') world.kill(agent);
			if (part === 'pause') await until(stop, 500);
			if (part === 'hang') await until(stop, timeoutMs);
			if (stop.aborted) return {status: 'cancelled'};
			if (part === 'hang') return {status: 'timed_out'};
			const exitCode = Number(/^exit (\d+)$/.exec(part)?.[1] ?? 0);
			return {status: exitCode === 0 ? 'succeeded' : 'failed', exitCode};
		} finally {
			running.delete(task);
		}
	};
	const world = new FakeWorld(work);
	return {world, begun, running, mostAtOnce: () => most};
}

/** Resolves when so much of the scenario's time has passed, or the signal is aborted. */
function until(stop: AbortSignal, ms: number | undefined): Promise<void> {
	return new Promise(resolve => {
		if (stop.aborted) resolve();
		stop.addEventListener('abort', () => resolve());
		if (ms !== undefined) setTimeout(resolve, ms / speed);
	});
}
