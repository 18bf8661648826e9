import {randomBytes} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type Docker from 'dockerode';
import {beforeEach, expect, onTestFinished, test} from 'vitest';
import {buildAgentImage} from '../../source/drivers/docker/build.ts';
import {createConnect} from '../../source/drivers/docker/engine.ts';
import {DockerLogins} from '../../source/drivers/docker/logins.ts';
import {containersOf, docker, newOwner, removeContainers, whyNoDocker} from '../helpers/docker.ts';
import {dockerDriver} from '../helpers/docker-driver.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {startRegistry} from '../helpers/registry.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const noDocker = whyNoDocker();
const never = new AbortController().signal;

beforeEach(context => context.skip(noDocker !== undefined, `needs Docker: ${noDocker}`));

/** A driver on the real engine, with this login for a registry. */
function driverWith({host, login}: {host: string; login?: string}) {
	const directory = temporaryDirectory();
	const auths = login === undefined ? {} : {[host]: {auth: Buffer.from(login).toString('base64')}};
	writeFileSync(join(directory, 'config.json'), JSON.stringify({auths}));
	const owner = newOwner();
	const driver = dockerDriver({owner, logins: {directory, environment: {}}});
	onTestFinished(async () => {
		await driver.close();
		removeContainers(owner);
	});
	const start = (image: string) =>
		driver.start(instanceSpec('a', {type: 'docker', image, driverOptions: {docker: {Cmd: ['/hello']}}})).then(
			() => 'started',
			(error: Error) => error.message,
		);
	return {driver, owner, start};
}

const isHere = (image: string) => docker('images', '--quiet', image) !== '';

test('an image of a registry that wants a login: pulled with it, and it is told how far that is', async () => {
	const registry = await startRegistry({login: 'me:secret'});
	const {driver, start} = driverWith({...registry, login: 'me:secret'});
	const starting = start(registry.image);
	await expect
		.poll(() => driver.progress?.('a'))
		.toMatch(/^pulling [1-9]\d? % \(0 of 1 layers\), [\d.]+ \w+ of [\d.]+ \w+(, [\d.]+ \w+\/s)?$/);
	registry.release();
	onTestFinished(() => void docker('rmi', '--force', registry.image));
	expect(await starting).toBe('started');
	expect(isHere(registry.image)).toBe(true);
}, 60_000);

test('without a login, with a wrong one, and of an image that there is not: what the registry says, and what to do', async () => {
	const registry = await startRegistry({login: 'me:secret'});
	registry.release();
	expect(await driverWith(registry).start(registry.image)).toMatch(
		/cannot be pulled \(.*(no basic auth credentials|unauthorized).*log in if its registry wants that/,
	);
	expect(await driverWith({...registry, login: 'me:wrong'}).start(registry.image)).toMatch(
		/cannot be pulled \(.*unauthorized.*log in anew/,
	);
	const {start} = driverWith({...registry, login: 'me:secret'});
	expect(await start(`${registry.host}/some/image:2`)).toMatch(
		/:2 is not on this host and cannot be pulled \(.*manifest unknown.*look at its spelling/,
	);
}, 60_000);

test('a stop in the midst of a pull: neither image nor container is there', async () => {
	const registry = await startRegistry();
	const {driver, owner, start} = driverWith(registry);
	const starting = start(registry.image);
	await expect.poll(() => driver.progress?.('a')).toMatch(/^pulling [1-9]\d? %/);
	await driver.stop({name: 'a'});
	expect(await starting).toContain('stopped while it started');
	registry.release();
	expect(isHere(registry.image)).toBe(false);
	expect(containersOf(owner)).toEqual([]);
}, 60_000);

test('the image of the agent is built of the agent program alone, with the steps told', async () => {
	const image = `byoai-test-built-${randomBytes(4).toString('hex')}:latest`;
	onTestFinished(() => void docker('rmi', image));
	const told: string[] = [];
	await buildAgentImage(await buildOptions(image, progress => told.push(progress)));
	expect(told.at(0)).toMatch(/^building byoai-test-built-.*: step 1\/\d+/);
	expect(
		docker('run', '--rm', '--network', 'none', '--entrypoint', 'sh', image, '-c', 'id -u; ls /app; command -v curl; command -v tini'),
	).toBe('10001\nagent.js\n/usr/bin/curl\n/usr/bin/tini');
}, 600_000);

async function buildOptions(image: string, onProgress: (progress: string) => void) {
	const engine: Docker = await createConnect(undefined)();
	const logins = new DockerLogins({directory: '/nonexistent', environment: {}});
	const agentProgram = join(import.meta.dirname, '../../dist/agent.js');
	return {docker: engine, image, logins, agentProgram, signal: never, onProgress};
}
