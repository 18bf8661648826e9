import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeEach, describe, expect, onTestFinished, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';
import {docker, needsDocker, removeContainers} from '../helpers/docker.ts';
import {PtyProgram} from '../helpers/pty-program.ts';
import {PtyShell} from '../helpers/pty-shell.ts';
import type {Registry} from '../helpers/registry.ts';
import {startRegistry} from '../helpers/registry.ts';

beforeEach(needsDocker);

const flags = ['-f', 'flow.yml', '--no-tui', '--port', '0'];
/** What the line is written with. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what steers a terminal is what is looked for
const steering = /\r?\u001b\[J|[━─]/;
/** Where the line of what is being started begins; the mark of other lines comes after their time. */
const statusRow = /^… pull: [━╸─]{10} {2}pulling [1-9]\d? % \(0 of 1 layers\), [\d.]+ \w+ of [\d.]+ MiB/m;

const talk = {name: 'talk', command: 'i=0; while [ ! -e go ]; do i=$((i+1)); echo said $i; sleep 0.05; done', depends_on: []};

/** A task whose image is being pulled, of which half has come, beside one that talks until there is a file `go`, or others. */
async function placeWith(image: string, others: readonly object[] = [talk]): Promise<CliPlace> {
	const place = new CliPlace();
	onTestFinished(() => {
		if (existsSync(join(place.state, 'id'))) removeContainers(readFileSync(join(place.state, 'id'), 'utf8').trim());
		docker('rmi', '--force', image);
	});
	place.file(
		'flow.yml',
		JSON.stringify({
			name: 'flow',
			fail_fast: false,
			tasks: [...others, {name: 'pull', image, command: ['/hello'], depends_on: []}],
		}),
	);
	return place;
}

/** Lets the pull come to its end; its program cannot be run, which is no matter here. */
function finish(place: CliPlace, registry: Registry): void {
	place.file('go', '');
	registry.release();
}

/** All rows that a terminal has had. */
function rowsOf({terminal}: PtyProgram): string[] {
	const {active} = terminal.buffer;
	return Array.from({length: active.length}, (_, y) => active.getLine(y)?.translateToString(true) ?? '');
}

describe('how far a pull is', () => {
	test('stands in one line below the log of a terminal, of whatever width, and is gone at the end', async () => {
		const registry = await startRegistry();
		const place = await placeWith(registry.image);
		const log = new PtyProgram(place, flags, {columns: 100, rows: 12});
		await log.shows(statusRow);
		for (const columns of [60, 100, 45]) {
			log.resize(columns, 12);
			const newest = () => Math.max(...rowsOf(log).map(row => Number(/said (\d+)$/.exec(row)?.[1] ?? 0)));
			const before = newest();
			// On a busy machine they come many at once: none stays on the screen for certain.
			await expect.poll(newest, {timeout: 25_000}).toBeGreaterThanOrEqual(before + 20);
			await log.shows(/said \d+\n… pull: [━╸─]{10} {2}pulling .*$/);
			expect(log.text.split('\n').filter(row => /[━─]/.test(row))).toHaveLength(1);
		}
		finish(place, registry);
		await log.ended;
		await log.shows(/run r\w+ failed/);
		const rows = rowsOf(log);
		expect(rows.filter(row => /[━─]|pulling \d/.test(row))).toEqual([]);
		// Nothing that was printed went with it.
		const said = rows.flatMap(row => (/said (\d+)$/.exec(row) ?? []).slice(1)).map(Number);
		expect(said).toEqual(said.map((_, index) => (said[0] ?? 0) + index));
	}, 60_000);

	test('is told now and then where nobody sits at a terminal that could show it', async () => {
		const registry = await startRegistry();
		const place = await placeWith(registry.image);
		const piped = place.start(flags);
		const inCi = new PtyProgram(place, [...flags, '--state-dir', join(place.directory, 'other')], {env: {CI: 'true'}, columns: 120});
		await piped.says(/pull +… is starting: pulling [1-9]\d? %/);
		await inCi.shows(/pull +… is starting: pulling [1-9]\d? %/);
		finish(place, registry);
		const {stdout, stderr} = await piped.ended;
		await inCi.ended;
		for (const steering of ['\r', '\u001b']) expect(stdout + stderr).not.toContain(steering);
		expect(stdout).not.toMatch(/[━─]/);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: what steers a terminal is what is looked for
		expect(inCi.output).not.toMatch(/\u001b\[J|[━─]/);
		// A pull takes moments here: its count is told once.
		for (const text of [stdout, inCi.output]) expect(text.match(/pulling \d+ %/g)).toHaveLength(1);
	}, 60_000);

	test('is not drawn over what somebody types at the prompt of a shell that has the terminal back', async () => {
		const registry = await startRegistry();
		const place = await placeWith(registry.image, []);
		const shell = new PtyShell(place, [...flags, '&']);
		const pulls = async () => {
			const {url} = JSON.parse(readFileSync(join(place.state, 'endpoint'), 'utf8'));
			return (await (await fetch(`${url}/v1/runs/latest`)).text()).includes('pulling');
		};
		await shell.start();
		await shell.shows(/run r\w+: flow[\s\S]*names another/);
		shell.type('echo half a li');
		await expect.poll(pulls, {timeout: 25_000}).toBe(true);
		await shell.shows(/echo half a li$/m);
		shell.type('ne\r');
		await shell.shows(/^half a line\nshell>/m);
		expect(shell.output).not.toMatch(steering);
		shell.type('fg\r');
		await shell.shows(statusRow);
		await shell.suspend();
		expect(shell.text).not.toMatch(statusRow);
		const before = shell.output.length;
		shell.type('bg\r');
		await shell.shows(/^\[1\]\+ .*&\nshell>/m);
		shell.type('echo another li');
		await expect.poll(pulls, {timeout: 25_000}).toBe(true);
		await shell.shows(/echo another li$/m);
		shell.type('ne\r');
		await shell.shows(/^another line\nshell>/m);
		expect(shell.output.slice(before)).not.toMatch(steering);
		shell.type('fg\r');
		await shell.shows(statusRow);
		finish(place, registry);
		await shell.shows(/✖ run r\w+ failed[\s\S]*\nshell>/);
		expect(rowsOf(shell).filter(row => /[━─]|pulling \d/.test(row))).toEqual([]);
	}, 60_000);

	test('in ASCII and without colours where the terminal is to have no more', async () => {
		const registry = await startRegistry();
		const place = await placeWith(registry.image);
		const log = new PtyProgram(place, flags, {columns: 100, rows: 12, env: {NO_COLOR: '1', LANG: 'C'}});
		await log.shows(/^\. pull: [#-]{10} {2}pulling [1-9]\d? %/m);
		finish(place, registry);
		await log.ended;
		// Nothing but text, and what erases the line.
		const steering = ['[J', '[?7l', '[?7h'].map(code => `\u001b${code}`);
		const text = steering.reduce((output, code) => output.replaceAll(code, ''), log.output);
		expect(text).toMatch(/^[\r\n\u0020-\u007e]*$/);
	}, 60_000);
});

test('an agent is deployed while its image is pulled: its count goes up in one line, and is no trouble', async () => {
	const registry = await startRegistry();
	const place = await placeWith(registry.image);
	place.file('idle.yml', 'name: idle\ntasks: [{name: one, command: "true"}]\n');
	const manager = place.start(['agent-manager-mode', '--workflow', 'idle.yml', '--port', '0', '--no-tui']);
	await manager.says(/listens on/);
	const argv = ['--name', 'gpu', '--type', 'docker', '--image', registry.image];
	const given = new PtyProgram(place, ['deploy', ...argv], {columns: 100});
	await given.shows(/^… gpu: [━╸─]{10} {2}pulling [1-9]\d? %/m);
	given.press('ctrl+c');
	expect(await given.ended).toMatchObject({status: 130});
	await given.shows('agent gpu goes on being deployed: byoai agents gpu');
	expect(rowsOf(given).filter(row => /[━─]/.test(row))).toEqual([]);
	const again = new PtyProgram(place, ['deploy', ...argv], {columns: 100});
	await again.shows(/^… gpu: [━╸─]{10} {2}pulling [1-9]\d? %/m);
	registry.release();
	// What was pulled is no agent, so that it cannot come online.
	expect(await again.ended).toMatchObject({status: 1});
	await again.shows(/agent gpu does not come online: (?!pulling)/);
	expect(rowsOf(again).filter(row => /[━─]/.test(row))).toEqual([]);
	manager.process.kill('SIGTERM');
	await manager.ended;
}, 60_000);
