import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';
import {isAgent, isWatchdog, processesWith, signalAll} from '../helpers/found-processes.ts';
import {seededRandom} from '../helpers/seeded-random.ts';

const tasks = 20;

/** Each task notes that it began, prints lines for a while, and notes that it ended. */
const flow = `
agents: [{name: crew, type: local, slots: 3}]
defaults: {agent: crew}
tasks:
${Array.from({length: tasks}, (_, index) => {
	const needs = index < 3 ? '[]' : `[t${index - 3}, t${Math.floor(index / 2)}]`;
	const command = `echo "t${index} $BYOAI_ATTEMPT" >> began; for i in 1 2 3 4 5; do echo "t${index} line $i"; sleep 0.05; done; echo "t${index}" >> ended`;
	return `  - {name: t${index}, depends_on: ${needs}, command: '${command}'}`;
}).join('\n')}
`;

test('killed with -9 again and again at any moment: no task runs twice, no result is lost, all output is there, nothing is left', async () => {
	const place = new CliPlace();
	place.file('flow.yml', flow);
	const random = seededRandom(7);
	let kills = 0;
	for (let ended = false; !ended; ) {
		const life = place.start(['-f', 'flow.yml', '--no-tui']);
		const spared = kills >= 8;
		const killed = spared ? new Promise<never>(() => undefined) : sleep(60 + random(500)).then(() => 'killed' as const);
		ended = (await Promise.race([life.ended, killed])) !== 'killed';
		if (ended) expect((await life.ended).status).toBe(0);
		else if (life.process.kill('SIGKILL')) kills++;
		await life.ended;
	}
	expect(kills).toBeGreaterThan(2);
	const lines = (name: string) => readFileSync(join(place.directory, name), 'utf8').trim().split('\n').sort();
	const names = Array.from({length: tasks}, (_, index) => `t${index}`).sort();
	expect(lines('began')).toEqual(names.map(name => `${name} 1`).sort());
	expect(lines('ended')).toEqual(names);
	const [run] = JSON.parse((await place.run(['ps', '--json'])).stdout);
	expect(run).toMatchObject({status: 'succeeded', counts: {succeeded: tasks}});
	for (const index of names.keys()) {
		const kept = readFileSync(join(place.state, 'logs', run.id, `${index}.1.log`), 'utf8');
		expect(kept).toBe([1, 2, 3, 4, 5].map(line => `t${index} line ${line}\n`).join(''));
	}
	expect(processesWith(place.directory)).toEqual([]);
	expect(readdirSync(join(place.state, 'instances'))).toEqual([]);
}, 120_000);

test('an agent and its watchdog killed in the same moment: what they ran is ended before it is tried again', async () => {
	const place = new CliPlace();
	const first = "trap '' TERM; while :; do echo tick >> ticks; sleep 0.05; done";
	const second = 'cp ticks seen; sleep 0.5; cmp ticks seen';
	place.file(
		'flow.yml',
		`tasks: [{name: a, command: 'echo begun; if [ $BYOAI_ATTEMPT = 1 ]; then ${first.replaceAll("'", "''")}; fi; ${second}'}]\n`,
	);
	const cli = place.start(['-f', 'flow.yml']);
	await cli.says(/begun/);
	const guards = processesWith(place.directory).filter(found => isAgent(found) || isWatchdog(found));
	expect(guards).toHaveLength(2);
	signalAll(guards, 'SIGKILL');
	const {status, stdout} = await cli.ended;
	expect(status, stdout).toBe(0);
	expect(stdout).toContain('attempt 1 was lost');
	expect(processesWith(place.directory)).toEqual([]);
}, 60_000);
