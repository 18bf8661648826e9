import {createHash} from 'node:crypto';
import {mkdirSync, writeFileSync} from 'node:fs';
import type {Socket} from 'node:net';
import {createServer} from 'node:net';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {dockerEngine} from '../../source/doctor/docker-engine.ts';
import {dockerImage, dockerNetwork, dockerSpace} from '../../source/doctor/docker-things.ts';
import {leftovers} from '../../source/doctor/leftovers.ts';
import type {Holder, Place} from '../../source/doctor/place.ts';
import {createDockerSurvey} from '../../source/drivers/docker/survey.ts';
import {ByoaiError} from '../../source/model/error.ts';
import {findings} from '../helpers/doctor-place.ts';
import {json, startFakeEngine} from '../helpers/fake-engine.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

type Routes = Parameters<typeof startFakeEngine>[0];

const version: Routes = {'GET /version': (_, response) => json(response, {Version: '28.2.2', ApiVersion: '1.50'})};

/** An engine that answers, as the usual one: nobody told of it. */
async function usualEngine(routes: Routes = {}): Promise<Place['docker']> {
	const {host} = await startFakeEngine({...version, ...routes});
	return {...createDockerSurvey({host, answerMs: 10_000}), isTold: false};
}

/** No engine, or none for this user, as the usual one. */
function noEngine(code: string): Place['docker'] {
	const cause = Object.assign(new Error(`connect ${code}`), {code});
	const engine = () => Promise.reject(new ByoaiError('unavailable', 'No.', {cause}));
	return {...createDockerSurvey({answerMs: 1}), address: 'unix:///usual.sock', isTold: false, engine};
}

function holderWith(holder: Partial<Holder>): () => Promise<Holder> {
	return async () => ({agents: async () => [], isActive: async () => false, ...holder});
}

/** The settings of a `docker` command that uses a context of this name. */
function dockerDirectory(name: string, host: string): string {
	const directory = temporaryDirectory();
	writeFileSync(join(directory, 'config.json'), JSON.stringify({auths: {}, currentContext: name}));
	const meta = join(directory, 'contexts/meta', createHash('sha256').update(name).digest('hex'));
	mkdirSync(meta, {recursive: true});
	writeFileSync(join(meta, 'meta.json'), JSON.stringify({Name: name, Endpoints: {docker: {Host: host}}}));
	return directory;
}

describe('the engine', () => {
	test('that answers: its version, and where it is', async () => {
		const docker = await usualEngine();
		expect(await findings(dockerEngine, {docker})).toEqual([
			{status: 'ok', says: `Docker 28.2.2 (API 1.50) answers at ${docker.address}.`},
		]);
	});

	test.each(['1.40', '1.9', '1.24'])('of API %s is a warning', async ApiVersion => {
		const docker = await usualEngine({'GET /version': (_, response) => json(response, {Version: '19', ApiVersion})});
		expect(await findings(dockerEngine, {docker})).toMatchObject([{status: 'warning', says: expect.stringContaining(`API ${ApiVersion}`)}]);
	});

	test('nobody counts on: that there is none is a note, and nothing else is said of Docker', async () => {
		for (const code of ['ENOENT', 'ECONNREFUSED']) {
			expect(await findings(dockerEngine, {docker: noEngine(code)})).toMatchObject([
				{
					status: 'note',
					says: expect.stringContaining('No Docker engine answers at unix:///usual.sock.'),
					mend: expect.stringContaining('start it'),
				},
			]);
		}
		for (const check of [dockerImage, dockerNetwork, dockerSpace, leftovers]) {
			expect(await findings(check, {docker: noEngine('ENOENT')})).toEqual([]);
		}
		expect(await findings(leftovers, {docker: noEngine('ENOENT'), clean: true})).toMatchObject([{status: 'problem'}]);
	});

	test('somebody counts on: that there is none is a problem', async () => {
		const holder = holderWith({agents: async () => [{id: 'crew', type: 'docker'}]});
		expect(await findings(dockerEngine, {docker: noEngine('ENOENT'), holder})).toMatchObject([{status: 'problem'}]);
		expect(await findings(dockerEngine, {engineHost: 'unix:///nowhere/docker.sock'})).toEqual([
			{
				status: 'problem',
				says: 'No Docker engine answers at unix:///nowhere/docker.sock (DOCKER_HOST).',
				mend: 'correct DOCKER_HOST, or unset it',
			},
		]);
		expect(await findings(dockerEngine, {engineHost: 'ssh://me@far'})).toMatchObject([
			{status: 'problem', says: expect.stringContaining('an engine on this host only')},
		]);
	});

	test('that this user may not use: the group', async () => {
		expect(await findings(dockerEngine, {docker: noEngine('EACCES')})).toEqual([
			{
				status: 'problem',
				says: 'This user may not use the Docker engine at unix:///usual.sock.',
				mend: '`sudo usermod -aG docker $USER`, then log in again',
			},
		]);
	});

	test('that takes the connection and says nothing is given up', async () => {
		const path = join(temporaryDirectory(), 'silent.sock');
		const sockets: Socket[] = [];
		const server = createServer(socket => void sockets.push(socket));
		await new Promise<void>(resolve => server.listen(path, resolve));
		onTestFinished(() => {
			for (const socket of sockets) socket.destroy();
			server.close();
		});
		expect(await findings(dockerEngine, {engineHost: `unix://${path}`, answerMs: 50})).toMatchObject([
			{status: 'problem', says: `The Docker engine at unix://${path} (DOCKER_HOST) takes the connection and does not answer.`},
		]);
	});

	test('of another context of the docker command is told, and how to use it', async () => {
		const directory = dockerDirectory('colima', 'unix:///home/me/.colima/docker.sock');
		const mend = expect.stringContaining('`export DOCKER_HOST=unix:///home/me/.colima/docker.sock`');
		const dockerCommand = {directory};
		expect(await findings(dockerEngine, {docker: noEngine('ENOENT'), dockerCommand})).toMatchObject([{status: 'note', mend}]);
		const docker = await usualEngine();
		expect(await findings(dockerEngine, {docker, dockerCommand})).toMatchObject([
			{status: 'ok'},
			{status: 'note', says: expect.stringContaining('context colima'), mend},
		]);
		expect(await findings(dockerEngine, {docker, dockerCommand: {directory, context: 'default'}})).toMatchObject([{status: 'ok'}]);
		expect(await findings(dockerEngine, {docker, dockerCommand: {directory: dockerDirectory('same', docker.address)}})).toHaveLength(1);
	});
});

describe('what agents need of it', () => {
	test('the image: there, to be built, or to be pulled', async () => {
		const route: Routes = {
			'GET /images/some/agent/json': (_, response) => json(response, {Size: 3 * 2 ** 20, Created: '2026-01-02T03:04:05Z'}),
		};
		const docker = await usualEngine(route);
		const named = (image: string) => ({docker, config: {docker: {image, network: 'bridge', loginDirectory: '/none'}}});
		expect(await findings(dockerImage, named('some/agent'))).toMatchObject([{status: 'ok', says: expect.stringContaining('(3.0 MiB)')}]);
		expect(await findings(dockerImage, named('byoai-agent:latest'))).toMatchObject([
			{status: 'warning', mend: expect.stringContaining('npm run images')},
		]);
		expect(await findings(dockerImage, named('other'))).toMatchObject([
			{status: 'note', mend: expect.stringContaining('docker pull other')},
		]);
	});

	test('the network: there, not there, or without its interface', async () => {
		const network = (name: string): Routes => ({
			'GET /networks/bridge': (_, response) => json(response, {Options: {'com.docker.network.bridge.name': 'byoai-no-such'}}),
			'GET /info': (_, response) => json(response, {Name: name, DockerRootDir: '/nowhere', SecurityOptions: null}),
		});
		const elsewhere = await usualEngine(network('virtual-machine'));
		expect(await findings(dockerNetwork, {docker: elsewhere})).toEqual([{status: 'ok', says: 'Network bridge is there.'}]);
		const config = {docker: {image: 'x', network: 'crew', loginDirectory: '/none'}};
		expect(await findings(dockerNetwork, {docker: elsewhere, config})).toMatchObject([
			{status: 'problem', says: expect.stringContaining('Network crew'), mend: '`docker network create crew`'},
		]);
		const here = await findings(dockerNetwork, {docker: await usualEngine(network(hostname()))});
		// Only Linux has the interfaces in sight.
		expect(here).toMatchObject([
			process.platform === 'linux' ? {status: 'problem', says: expect.stringContaining('byoai-no-such')} : {status: 'ok'},
		]);
	});

	test('room, where the engine is on this host', async () => {
		const info = (Name: string): Routes => ({'GET /info': (_, response) => json(response, {Name, DockerRootDir: temporaryDirectory()})});
		expect(await findings(dockerSpace, {docker: await usualEngine(info(hostname()))})).toMatchObject([{status: 'ok'}]);
		expect(await findings(dockerSpace, {docker: await usualEngine(info('virtual-machine'))})).toEqual([]);
	});
});

describe('what was left behind', () => {
	const mine = '0123456789abcdef';
	const container = (id: string, labels: Record<string, string>, owner = mine) => ({
		Id: id,
		Names: [`/byoai-${id}`],
		Created: 1000,
		Status: 'Up 3 minutes',
		Labels: {'byoai.owner': owner, ...labels},
	});

	/** An engine with these containers, all of which can be removed. */
	async function engineWith(containers: ReadonlyArray<{Id: string}>, gone: readonly string[] = []) {
		const removed: string[] = [];
		let looks = 0;
		const removals = containers.map(({Id}): [string, Routes[string]] => [
			`DELETE /containers/${Id}`,
			(_, response) => {
				removed.push(Id);
				json(response, {});
			},
		]);
		const docker = await usualEngine({
			'GET /containers/json': (_, response) => {
				looks++;
				json(response, looks === 1 ? containers : containers.filter(({Id}) => !gone.includes(Id)));
			},
			...Object.fromEntries(removals),
		});
		return {docker, removed, stateId: async () => mine};
	}

	const holder = holderWith({
		agents: async () => [{id: 'crew~r1', type: 'docker'}],
		isActive: async run => run === 'r2',
	});
	const all = [
		container('agent', {'byoai.instance': 'crew~r1', 'byoai.run': 'r1'}),
		container('active', {'byoai.instance': 'task', 'byoai.run': 'r2'}),
		container('ended', {'byoai.instance': 'crew~r3', 'byoai.run': 'r3'}),
		container('nameless', {}),
		container('stopping', {'byoai.instance': 'crew~r4', 'byoai.run': 'r4'}),
		container('foreign', {'byoai.state-directory': '/nowhere/state'}, 'fedcba9876543210'),
		container('living', {'byoai.state-directory': '/'}, 'fedcba9876543210'),
		container('unknown', {}, 'fedcba9876543210'),
	];

	test('is what neither an agent nor an unfinished run knows, and what is not just going', async () => {
		const {removed, ...engine} = await engineWith(all, ['stopping']);
		expect(await findings(leftovers, {...engine, holder})).toEqual([
			{
				status: 'problem',
				says: '2 containers of this state directory were left behind: no agent and no unfinished run of it knows them.',
				mend: '`byoai doctor --clean` removes them',
				leftovers: [
					{id: 'ended', name: 'byoai-ended', instance: 'crew~r3', createdAt: 1_000_000, status: 'Up 3 minutes'},
					{id: 'nameless', name: 'byoai-nameless', createdAt: 1_000_000, status: 'Up 3 minutes'},
				],
			},
			{
				status: 'note',
				says: '1 container is there of state directories that are not on this host, or not any more.',
				mend: 'if nobody needs them: `docker rm --force --volumes byoai-foreign`',
				leftovers: [expect.objectContaining({id: 'foreign', directory: '/nowhere/state'})],
			},
		]);
		expect(removed).toEqual([]);
	});

	test('is removed by --clean, and nothing else', async () => {
		const {removed, ...engine} = await engineWith(all, ['stopping']);
		const found = await findings(leftovers, {...engine, holder, clean: true});
		expect(found[0]).toMatchObject({status: 'ok', says: '2 containers that nobody knew were removed.'});
		expect(removed.sort()).toEqual(['ended', 'nameless']);
	});

	test('is not removed when nobody can tell what is needed', async () => {
		const {removed, ...engine} = await engineWith(all);
		const refuses = async () => {
			throw new ByoaiError('unauthorized', 'It asks for a token.');
		};
		for (const given of [{holder: refuses}, {holder: holderWith({agents: refuses})}, {holder: holderWith({isActive: refuses})}]) {
			expect(await findings(leftovers, {...engine, ...given, clean: true})).toMatchObject([
				{status: 'problem', says: expect.stringMatching(/cannot be told, and nothing was removed: It asks for a token\.$/)},
				{status: 'note'},
			]);
		}
		expect(removed).toEqual([]);
	});

	test('that cannot be removed is told', async () => {
		const {docker, stateId} = await engineWith([container('stuck', {})]);
		const remove = () => Promise.reject(new ByoaiError('unavailable', 'It is stuck.'));
		expect(await findings(leftovers, {docker: {...docker, remove}, stateId, holder, clean: true})).toMatchObject([
			{status: 'problem', says: '1 container of 1 could not be removed: It is stuck.', leftovers: [{id: 'stuck'}]},
		]);
	});
});
