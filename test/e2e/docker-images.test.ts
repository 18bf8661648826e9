import {createHash} from 'node:crypto';
import {closeSync, existsSync, mkdirSync, openSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeAll, beforeEach, expect, onTestFinished, test} from 'vitest';
import type {Outcome} from '../../source/model/run.ts';
import {openStore} from '../../source/store/sqlite.ts';
import type {CliPlace} from '../helpers/cli.ts';
import {buildBusyboxImage, buildTestImage, busyboxImage, containersOf, docker, testImage, whyNoBusybox} from '../helpers/docker.ts';
import {dockerPlace, ownerOf} from '../helpers/docker-place.ts';

const noBusybox = whyNoBusybox();
const env = {AGENT_IMAGE: testImage};

beforeAll(async () => {
	if (noBusybox === undefined) await Promise.all([buildBusyboxImage(), buildTestImage()]);
}, 120_000);

beforeEach(context => context.skip(noBusybox !== undefined, `needs Docker: ${noBusybox}`));

/** A workflow in which each task is a container of its own unless it says otherwise, and none waits for another. */
function flow(tasks: ReadonlyArray<Readonly<Record<string, unknown>>>, more: object = {}): string {
	const whole = tasks.map(task => ({image: busyboxImage, depends_on: [], ...task}));
	return JSON.stringify({fail_fast: false, ...more, tasks: whole});
}

async function latest(place: CliPlace): Promise<{id: string}> {
	const [run] = JSON.parse((await place.run(['ps', '--json'])).stdout);
	return run;
}

/** The outcomes of all attempts of each task of the newest run. */
async function outcomes(place: CliPlace): Promise<ReadonlyArray<ReadonlyArray<Outcome | undefined>>> {
	const {id} = await latest(place);
	const store = openStore(join(place.state, 'byoai.db'));
	try {
		return [...(store.loadRun(id)?.tasks ?? [])].map(({attempts}) => attempts.map(({outcome}) => outcome));
	} finally {
		store.close();
	}
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');

/** The output of a task's attempt, as it is on disk. */
function logOf(place: CliPlace, run: string, task: number, attempt = 1): Buffer {
	return readFileSync(join(place.state, 'logs', run, `${task}.${attempt}.log`));
}

test('local tasks, an agent in a container and images with nothing but busybox in one workflow; all that a task can say of its container', async () => {
	const place = dockerPlace();
	const script = `${Array.from({length: 6000}, (_, index) => `: ${String(index).padStart(48, '0')}`).join('\n')}\necho long is over`;
	mkdirSync(join(place.directory, 'shared'));
	place.file(
		'flow.yml',
		flow(
			[
				{name: 'here', image: undefined, command: 'echo from here > shared/one'},
				{
					name: 'crew',
					image: undefined,
					agent: 'crew',
					command: 'cat /shared/one; echo from the agent >> /shared/one',
					depends_on: ['here'],
				},
				{name: 'box', volumes: ['./shared:/in:ro'], command: 'cat /in/one; touch /in/two || echo read-only', depends_on: ['crew']},
				{name: 'where', working_dir: 'sub/dir', command: 'pwd', volumes: ['./shared:/srv/sub/dir']},
				{name: 'who', agent: 'mould', command: 'echo "$(id -u):$(id -g) $MOULD $OWN $BYOAI_TASK $BYOAI_ATTEMPT"', env: {OWN: 'mine'}},
				{
					name: 'limits',
					resources: {limits: {memory: '64Mi', pids: 17}},
					command:
						'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; :',
				},
				{name: 'long', command: script},
				{name: 'lines', command: ['echo first', 'false', 'echo never']},
				{name: 'code', command: 'exit 42'},
				{name: 'memory', resources: {limits: {memory: '16Mi'}}, command: 'tail /dev/zero'},
				{name: 'absent', image: 'byoai-test-absent', agent: 'never', command: 'true'},
				{name: 'shell', shell: 'bash', command: 'true'},
				{name: 'slow', command: 'sleep 60', timeout: '1s'},
			],
			{
				agents: [
					{name: 'crew', type: 'docker', volume: './shared:/shared'},
					{name: 'mould', type: 'docker', image: 'byoai-test-absent', user: '12345:678', env: {MOULD: 'ours'}},
					{name: 'never', type: 'docker', pull_policy: 'never'},
				],
			},
		),
	);
	const {status, stdout} = await place.run(['-f', 'flow.yml'], env);
	expect(status, stdout).toBe(1);
	expect(stdout).toMatch(/docker~images +box +from here\n/);
	expect(stdout).toMatch(/docker~images +box +from the agent\n/);
	expect(stdout).toMatch(/box +read-only\n/);
	expect(stdout).toMatch(/where +\/srv\/sub\/dir\n/);
	expect(stdout).toMatch(/who +12345:678 ours mine who 1\n/);
	expect(stdout).toMatch(/limits +67108864\n/);
	expect(stdout).toMatch(/limits +17\n/);
	expect(stdout).toMatch(/long +long is over\n/);
	expect(stdout).toMatch(/lines +first\n/);
	expect(stdout).not.toContain('never\n');
	expect(stdout).toMatch(/✖ code: .*42/);
	expect(stdout).toMatch(/✖ memory: .*out of memory: it may have 16 MiB/);
	expect(stdout).toMatch(/✖ absent: .*Image byoai-test-absent is not on this host/);
	expect(stdout).toMatch(/✖ shell: .*bash is not in image byoai-test-busybox/);
	expect(stdout).toMatch(/slow +⏱ timed out after 1/);
	expect(containersOf(ownerOf(place))).toEqual([]);
}, 120_000);

test('twenty megabytes of any bytes are kept to the byte', async () => {
	const place = dockerPlace();
	place.file('flow.yml', flow([{name: 'a', command: 'head -c 20000000 /dev/urandom | tee /out/bytes', volumes: ['./shared:/out']}]));
	const nowhere = openSync('/dev/null', 'w');
	onTestFinished(() => closeSync(nowhere));
	expect((await place.run(['-f', 'flow.yml'], env, nowhere)).status).toBe(0);
	const bytes = readFileSync(join(place.directory, 'shared/bytes'));
	expect(bytes).toHaveLength(20_000_000);
	expect(sha256(logOf(place, (await latest(place)).id, 0))).toBe(sha256(bytes));
	expect(containersOf(ownerOf(place))).toEqual([]);
}, 120_000);

test('docker kill, docker pause and docker rm -f of the containers of tasks: told with the cause, the lost ones tried again, nothing left', async () => {
	const place = dockerPlace();
	const command = 'if [ $BYOAI_ATTEMPT = 1 ]; then echo stuck; sleep 600; fi; echo through';
	place.file('flow.yml', flow(['kill', 'pause', 'rm'].map(name => ({name, command, retry: {limit: 1, delay: '10ms'}}))));
	const cli = place.start(['-f', 'flow.yml'], env);
	for (const name of ['kill', 'pause', 'rm']) await cli.says(new RegExp(`${name} +stuck`));
	const idOf = (task: string) => containersOf(ownerOf(place), '--filter', `label=byoai.task=${task}`)[0] ?? '';
	docker('kill', idOf('kill'));
	docker('pause', idOf('pause'));
	docker('rm', '--force', idOf('rm'));
	const {status, stdout} = await cli.ended;
	expect(status, stdout).toBe(0);
	for (const name of ['kill', 'pause', 'rm']) expect(stdout).toMatch(new RegExp(`${name} +through`));
	const [kill, pause, rm] = await outcomes(place);
	expect(kill).toMatchObject([{status: 'lost', signal: 'SIGKILL'}, {status: 'succeeded'}]);
	expect(pause?.[0]?.reason).toContain('its container was paused by somebody else');
	// It depends on the moment whether its end or its absence is seen first.
	expect(rm?.[0]?.reason).toMatch(/removed by somebody else|killed by SIGKILL/);
	expect([pause, rm]).toMatchObject([
		[{status: 'lost'}, {status: 'succeeded'}],
		[{status: 'lost'}, {status: 'succeeded'}],
	]);
	expect(containersOf(ownerOf(place))).toEqual([]);
}, 60_000);

test('kill -9 of byoai with 20 containers, then the same again: adopted, none twice, logs whole, none left', async () => {
	const place = dockerPlace();
	mkdirSync(join(place.directory, 'marks'));
	const names = Array.from({length: 20}, (_, index) => `t${index}`);
	// Half of them end while nobody looks.
	const command =
		'echo "$BYOAI_TASK $BYOAI_ATTEMPT" >> /marks/began; n=0; while [ $n -lt 2000 ]; do echo "$BYOAI_TASK line $n"; n=$((n+1)); done; until [ -e /marks/$GATE ]; do sleep 0.2; done; echo end; exit $CODE';
	place.file(
		'flow.yml',
		flow(
			names.map((name, index) => ({
				name,
				command,
				volumes: ['./marks:/marks'],
				env: {GATE: index % 2 === 0 ? 'even' : 'odd', CODE: index === 0 ? '5' : '0'},
			})),
		),
	);
	mkdirSync(join(place.directory, 'byoai'));
	place.file('byoai/config.yml', 'limits: {task_containers: 20}');
	const first = place.start(['-f', 'flow.yml'], env);
	await expect.poll(() => (existsSync(join(place.directory, 'marks/began')) ? marks(place).length : 0), {timeout: 60_000}).toBe(20);
	first.process.kill('SIGKILL');
	await first.ended;
	const before = containersOf(ownerOf(place));
	expect(before).toHaveLength(20);
	place.file('marks/even', '');
	await expect.poll(() => containersOf(ownerOf(place), '--filter', 'status=running').length, {timeout: 30_000}).toBe(10);
	const second = place.start(['-f', 'flow.yml'], env);
	await second.says(/t3 +t3 line 1999/);
	place.file('marks/odd', '');
	const {status, stdout} = await second.ended;
	expect(status, stdout.slice(-2000)).toBe(1);
	expect(stdout).toMatch(/✖ t0: .*5/);
	expect(marks(place).sort()).toEqual(names.map(name => `${name} 1`).sort());
	const run = await latest(place);
	for (const [index, name] of names.entries()) {
		const whole = `${Array.from({length: 2000}, (_, line) => `${name} line ${line}\n`).join('')}end\n`;
		expect(sha256(logOf(place, run.id, index)), name).toBe(sha256(whole));
	}
	expect(containersOf(ownerOf(place))).toEqual([]);
}, 120_000);

test.each(['SIGINT', 'SIGTERM'] as const)(
	'%s of a one-shot run leaves no container of a task',
	async signal => {
		const place = dockerPlace();
		place.file('flow.yml', flow([{name: 'a', command: 'echo ready; sleep 600'}]));
		const cli = place.start(['-f', 'flow.yml'], env);
		await cli.says(/ready/);
		cli.process.kill(signal);
		expect((await cli.ended).stdout).toContain(`cancelled by ${signal}`);
		expect(containersOf(ownerOf(place))).toEqual([]);
	},
	60_000,
);

function marks(place: CliPlace): string[] {
	return readFileSync(join(place.directory, 'marks/began'), 'utf8').trim().split('\n');
}
