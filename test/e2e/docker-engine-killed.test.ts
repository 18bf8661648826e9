import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {whyNoDocker} from '../helpers/docker.ts';
import {dockerDriver} from '../helpers/docker-driver.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {startOwnEngine, whyNoOwnEngine} from '../helpers/own-engine.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const reason = whyNoDocker() ?? whyNoOwnEngine();
const never = new AbortController().signal;

test('an engine that is killed and started again: no exit code is told of a container but of one that ended by itself', async context => {
	context.skip(reason !== undefined, `needs an engine of its own: ${reason}`);
	const engine = await startOwnEngine();
	const driver = dockerDriver({image: engine.image, awayMs: 30_000, host: engine.host});
	onTestFinished(() => driver.close());
	const scripts = {
		'ends-in-good-order': 'trap "exit 0" TERM; sleep 600 & wait',
		'is-killed': 'trap "" TERM; sleep 1; sleep 600',
		'dies-with-it': 'sleep 600',
		'says-255': 'exit 255',
		'goes-through': 'exit 0',
		// While there is no engine: what watches over it writes down how.
		'ends-meanwhile': 'while [ ! -f /gate/open ]; do sleep 0.05; done; exit 7',
	};
	const gate = temporaryDirectory();
	const start = async (name: string, script: string) => {
		const docker = {
			Cmd: ['sh', '-c', script],
			StopTimeout: 1,
			HostConfig: {NetworkMode: 'none', Binds: [`${gate}:/gate`]},
		};
		return {name, handle: await driver.start(instanceSpec(name, {type: 'docker', driverOptions: {docker}}))};
	};
	const started = await Promise.all(Object.entries(scripts).map(([name, script]) => start(name, script)));
	const ends = started.map(async ({name, handle}) => [name, await driver.watch(name, handle, never)] as const);
	await Promise.all(ends.filter((_, at) => ['says-255', 'goes-through'].includes(started[at]?.name ?? '')));

	const container = started.find(({name}) => name === 'dies-with-it')?.handle.container;
	const pid = Number(engine.docker('inspect', '--format', '{{.State.Pid}}', String(container)));
	const shim = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
	await engine.kill();
	for (const each of [shim, pid]) process.kill(each, 'SIGKILL');
	writeFileSync(join(gate, 'open'), '');
	await engine.start();

	const told = (await Promise.all(ends)).map(([name, {durationMs: _, ...end}]) => [name, end]);
	expect(Object.fromEntries(told)).toEqual({
		'ends-in-good-order': {cause: 'stopped by its Docker engine, or by somebody else (docker stop)'},
		'is-killed': {cause: 'killed by SIGKILL', signal: 'SIGKILL'},
		'dies-with-it': {cause: 'ended together with its Docker engine, which does not know how'},
		'says-255': {cause: 'exited with code 255', exitCode: 255},
		'goes-through': {cause: expect.stringMatching(/^exited with code 0, /), exitCode: 0},
		'ends-meanwhile': {cause: 'exited with code 7', exitCode: 7},
	});
}, 90_000);
