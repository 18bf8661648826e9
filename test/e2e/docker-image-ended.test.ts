import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeAll, beforeEach, expect, test} from 'vitest';
import type {CliPlace} from '../helpers/cli.ts';
import {buildTestImage, containersOf, docker, testImage, whyNoDocker} from '../helpers/docker.ts';
import {dockerPlace, ownerOf} from '../helpers/docker-place.ts';

const noDocker = whyNoDocker();
beforeAll(async () => {
	if (noDocker === undefined) await buildTestImage();
}, 120_000);
beforeEach(context => context.skip(noDocker !== undefined, `needs Docker: ${noDocker}`));

async function logOf(place: CliPlace, attempt: number): Promise<string> {
	const [run] = JSON.parse((await place.run(['ps', '--json'])).stdout);
	return readFileSync(join(place.state, 'logs', run.id, `0.${attempt}.log`), 'utf8');
}

/** Of the attempts of task `a`, as the changes of its row told them. */
function outcomes(stdout: string): unknown[] {
	const changes = stdout
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as {tasks?: ReadonlyArray<{outcome?: unknown}>});
	return changes.flatMap(({tasks = []}) => tasks.flatMap(({outcome}) => outcome ?? []));
}

const leaves = 'trap "echo leaving; exit 0" TERM; echo begun; sleep 600 & wait';

test('a task that is stopped from outside, and answers that with 0, has not succeeded: it is lost, told whole, and tried again', async () => {
	const place = dockerPlace();
	place.file(
		'flow.yml',
		`tasks: [{name: a, image: ${testImage}, command: 'if [ $BYOAI_ATTEMPT = 2 ]; then echo through; exit; fi; ${leaves}'}]\n`,
	);
	const cli = place.start(['-f', 'flow.yml', '--json']);
	await cli.says(/"status":"running"/);
	const container = () => containersOf(ownerOf(place))[0];
	await expect.poll(() => (container() === undefined ? '' : docker('logs', container() ?? '')), {timeout: 20_000}).toBe('begun');
	docker('stop', container() ?? '');
	const {status, stdout} = await cli.ended;
	expect(status, stdout).toBe(0);
	// Without `retry` nothing but a loss is tried again.
	expect(outcomes(stdout)).toMatchObject([{status: 'succeeded', exitCode: 0}]);
	expect(await logOf(place, 1)).toBe('begun\nleaving\n');
	expect(await logOf(place, 2)).toBe('through\n');
	expect(containersOf(ownerOf(place))).toEqual([]);
}, 60_000);

test('a task that answers its timeout with last words and 0 has timed out, and they are there', async () => {
	const place = dockerPlace();
	place.file('flow.yml', `tasks: [{name: a, image: ${testImage}, timeout: 2s, command: '${leaves}'}]\n`);
	const {status, stdout} = await place.run(['-f', 'flow.yml', '--json']);
	expect(status, stdout).toBe(1);
	expect(outcomes(stdout)).toMatchObject([{status: 'timed_out', reason: 'timed out after 2 s'}]);
	expect(await logOf(place, 1)).toBe('begun\nleaving\n');
	expect(containersOf(ownerOf(place))).toEqual([]);
}, 60_000);
