import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';
import {buildTestImage, containersOf, needsDocker, removeContainers, testImage} from '../helpers/docker.ts';
import type {FailingEngine, Failure} from '../helpers/failing-engine.ts';
import {failures, startFailingEngine} from '../helpers/failing-engine.ts';

/** Every failure of every call takes minutes: then this is set. Else each call fails in one way. */
const everyFailure = Boolean(process.env.BYOAI_TEST_EVERY_FAILURE);
const atOnce = 3;
/** After so long a run hangs. On a host with nothing else to do it takes two seconds. */
const hangMs = 90_000;
const tasks = ['a', 'b', 'c', 'd'];
const flow = `agents: [{name: crew, type: docker, slots: 2, volume: "./data:/data"}]
defaults: {agent: crew}
tasks:
  - {name: a, command: "echo this is a; echo a >> /data/ran"}
  - {name: b, command: "echo this is b; echo b >> /data/ran", depends_on: [a]}
  - {name: c, command: "echo this is c; echo c >> /data/ran", depends_on: [a]}
  - {name: d, image: ${testImage}, command: "echo this is d; echo d >> /data/ran", depends_on: [a]}
`;

type Ran = {
	readonly engine: FailingEngine;
	/** `null`: it did not end, and was killed. */
	readonly status: number | null;
	/** All that was said. */
	readonly text: string;
	readonly statuses: readonly string[];
	readonly ran: readonly string[];
	readonly left: number;
};

/** Runs the workflow with an engine of whose calls one fails. */
async function runWith(call: number, failure: Failure): Promise<Ran> {
	const place = new CliPlace();
	place.file('flow.yml', flow);
	const engine = await startFailingEngine(call, failure, onTestFinished);
	const cli = place.start(['-f', 'flow.yml'], {AGENT_IMAGE: testImage, DOCKER_HOST: engine.host});
	const hangs = setTimeout(() => cli.process.kill('SIGKILL'), hangMs);
	const {status, stdout, stderr} = await cli.ended;
	clearTimeout(hangs);
	const owner = readFileSync(join(place.state, 'id'), 'utf8');
	onTestFinished(() => removeContainers(owner));
	const runs = JSON.parse((await place.run(['ps', '--json'])).stdout) as ReadonlyArray<{status: string}>;
	return {
		engine,
		status,
		text: stdout + stderr,
		statuses: runs.map(run => run.status),
		ran: linesOf(join(place.directory, 'data/ran')),
		left: containersOf(owner).length,
	};
}

function linesOf(path: string): readonly string[] {
	try {
		return readFileSync(path, 'utf8').trim().split('\n').sort();
	} catch {
		return []; // no task began
	}
}

/** What is not as it should be: an end without a clear status, a success that is none, a failure without its reason, something left. */
function faultsOf({status, text, statuses, ran, left}: Ran): readonly string[] {
	const faults: string[] = [];
	const fault = (is: boolean, what: string) => is && faults.push(what);
	if (status === null) return ['it hangs'];
	fault(left > 0, `${left} containers are left`);
	fault(/internal error|\n +at /.test(text), 'it says that there is a bug');
	if (status === 0) {
		fault(statuses.join() !== 'succeeded', `its runs are ${statuses}`);
		for (const task of tasks) fault(!ran.includes(task) || !text.includes(`this is ${task}`), `${task} did not run`);
		return faults;
	}
	fault(status !== 1 && status !== 3, `status ${status}`);
	fault(status === 1 && statuses.join() !== 'failed', `its runs are ${statuses}`);
	fault(status === 3 && statuses.length > 0, `it ended with 3, and a run is there: ${statuses}`);
	fault(!/Docker|container/.test(text), 'it does not say why');
	return faults;
}

test(
	'each call to the engine fails once in turn: every run ends clearly, none is a false success, nothing is left',
	async context => {
		needsDocker(context);
		await buildTestImage();
		const whole = await runWith(0, 'cuts');
		expect(whole).toMatchObject({status: 0, statuses: ['succeeded'], ran: tasks, left: 0});
		const calls = whole.engine.asked.map((_, index) => index + 1);
		expect(calls.length).toBeGreaterThan(10);

		const cases = calls.flatMap(call => {
			const one = failures[call % failures.length] ?? 'cuts';
			return (everyFailure ? failures : [one]).map(failure => ({call, failure}));
		});
		const found: string[] = [];
		const next = async (): Promise<void> => {
			for (let one = cases.shift(); one !== undefined; one = cases.shift()) {
				const ran = await runWith(one.call, one.failure);
				const what = `call ${one.call}, ${ran.engine.asked[one.call - 1]}, ${one.failure}, status ${ran.status}`;
				for (const fault of faultsOf(ran)) found.push(`${what}: ${fault}\n${ran.text}`);
			}
		};
		await Promise.all(Array.from({length: atOnce}, next));
		expect(found.join('\n')).toBe('');
	},
	everyFailure ? 3_600_000 : 600_000,
);
