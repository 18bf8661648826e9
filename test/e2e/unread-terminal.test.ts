import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';
import {PtyProgram} from '../helpers/pty-program.ts';

const flood = `name: flood
tasks:
  - {name: wait, command: "echo ready; while [ ! -e go ]; do sleep 0.05; done"}
  - {name: flood, command: seq 200000, depends_on: [wait]}
  - {name: after, command: "while [ ! -e on ]; do sleep 0.05; done", depends_on: [flood]}
`;
const flags = ['-f', 'flow.yml', '--port', '0'];
const ways = [
	['the screen', []],
	['the log view', ['--no-tui']],
] as const;

async function opened(more: readonly string[]) {
	const place = new CliPlace();
	place.file('flow.yml', flood);
	const program = new PtyProgram(place, [...flags, ...more]);
	await program.shows(/wait +(│ )?ready/);
	return {place, program};
}

/** Has the program write more than a terminal takes that nobody reads. */
function fill(place: CliPlace, program: PtyProgram): void {
	program.freeze();
	for (let size = 1; size <= 6; size++) program.resize(300 - size, 100 - size);
	for (let key = 0; key < 300; key++) program.press('tab');
	place.file('go', '');
}

async function statusOf(place: CliPlace, task: string): Promise<string | undefined> {
	const {url} = JSON.parse(readFileSync(join(place.state, 'endpoint'), 'utf8'));
	const response = await fetch(`${url}/v1/runs/latest`, {signal: AbortSignal.timeout(5000)});
	const {tasks} = (await response.json()) as {tasks: readonly {name: string; status: string}[]};
	return tasks.find(({name}) => name === task)?.status;
}

async function statusOfRun(place: CliPlace): Promise<string> {
	return JSON.parse((await place.run(['ps', '--json'])).stdout)[0]?.status;
}

describe.each(ways)('nobody reads the terminal of %s', (_, more) => {
	test('and its run goes on to its end; who reads it then sees that', async () => {
		const {place, program} = await opened(more);
		fill(place, program);
		place.file('on', '');
		await expect.poll(() => statusOfRun(place), {timeout: 25_000}).toBe('succeeded');
		program.thaw();
		if (more.length === 0) {
			await program.showsRun('succeeded', 25_000);
			program.press('q');
		}
		expect(await program.ended).toMatchObject({status: 0});
	}, 60_000);

	test('and SIGTERM cancels its run, and ends it', async () => {
		const {place, program} = await opened(more);
		fill(place, program);
		await expect.poll(() => statusOf(place, 'after'), {timeout: 25_000}).toBe('running');
		program.kill('SIGTERM');
		await expect.poll(() => existsSync(join(place.state, 'endpoint')), {timeout: 15_000}).toBe(false);
		expect(await statusOfRun(place)).toBe('cancelled');
		expect(await program.ended).toMatchObject({status: 143});
	}, 60_000);
});
