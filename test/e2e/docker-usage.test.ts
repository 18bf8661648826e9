import {beforeAll, expect, onTestFinished, test} from 'vitest';
import type {InstanceUsage} from '../../source/model/instance.ts';
import {buildTestImage, docker, newOwner, removeContainers, testImage, whyNoDocker} from '../helpers/docker.ts';
import {dockerDriver} from '../helpers/docker-driver.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';

const noDocker = whyNoDocker();
beforeAll(async () => {
	if (noDocker === undefined) await buildTestImage();
}, 120_000);

test('what a container uses is streamed while it runs, and the stream ends with it', async context => {
	context.skip(noDocker !== undefined, `needs Docker: ${noDocker}`);
	const owner = newOwner();
	const driver = dockerDriver({owner, image: testImage});
	onTestFinished(async () => {
		await driver.close();
		removeContainers(owner);
	});
	const busy = 'const kept = Buffer.alloc(80 * 2 ** 20, 1); for (;;) kept[0] = kept[0] + 1;';
	const handle = await driver.start(
		instanceSpec('a', {
			type: 'docker',
			resources: {limits: {memory: '256Mi', cpu: '500m'}},
			driverOptions: {docker: {Cmd: ['node', '-e', busy]}},
		}),
	);
	const watch = new AbortController();
	const seen: InstanceUsage[] = [];
	const stream = driver.usage?.(handle, watch.signal);
	if (stream === undefined) throw new Error('it measures nothing');
	for await (const usage of stream) {
		seen.push(usage);
		if (usage.memoryBytes > 80 * 2 ** 20 && usage.cpu > 0) break;
	}
	expect(seen.at(-1)).toMatchObject({memoryLimitBytes: 256 * 2 ** 20});
	expect(seen.every(({cpu, memoryBytes}) => cpu >= 0 && memoryBytes <= 256 * 2 ** 20)).toBe(true);
	const again = driver.usage?.(handle, watch.signal)[Symbol.asyncIterator]();
	expect((await again?.next())?.done).toBe(false);
	watch.abort();
	for (let next = await again?.next(); next !== undefined && next.done !== true; next = await again?.next());
	docker('kill', String(handle.container));
	await expect
		.poll(async () => (await driver.usage?.(handle, new AbortController().signal)[Symbol.asyncIterator]().next())?.done)
		.toBe(true);
}, 60_000);
