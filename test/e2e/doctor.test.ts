import {spawn} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeAll, beforeEach, describe, expect, onTestFinished, test} from 'vitest';
import type {CheckFinding, FindingStatus} from '../../source/doctor/check.ts';
import {Cli, CliPlace, program} from '../helpers/cli.ts';
import {buildTestImage, containersOf, docker, needsDocker, newOwner, removeContainers, testImage, whyNoDocker} from '../helpers/docker.ts';

type Report = {readonly status: FindingStatus; readonly findings: readonly CheckFinding[]};

const without = {DOCKER_HOST: `unix://${join(import.meta.dirname, 'no.sock')}`};
/** The port is left out of it: on this host anything may have the usual one. */
const argv = ['doctor', '--port', '0'];

/** A place where checks may take their time, as they do on a busy host. */
function patientPlace(): CliPlace {
	const place = new CliPlace();
	mkdirSync(join(place.directory, 'byoai'));
	place.file('byoai/config.yml', 'limits: {doctor_milliseconds: 20000}\n');
	return place;
}

async function doctor(place: CliPlace, env: NodeJS.ProcessEnv, ...more: readonly string[]): Promise<Report & {exit: number | null}> {
	const {status: exit, stdout, stderr} = await place.run([...argv, '--json', ...more], {HOME: place.directory, ...env});
	expect(stderr).toBe('');
	return {...(JSON.parse(stdout) as Report), exit};
}

function of({findings}: Report, check: string): readonly CheckFinding[] {
	return findings.filter(finding => finding.check === check);
}

describe('without an engine', () => {
	test('on a fresh machine: what it finds, in words and as one JSON value, and no state directory is made', async () => {
		const place = patientPlace();
		const {status, stdout, stderr} = await place.run(argv, {...without, HOME: place.directory, LANG: 'C.UTF-8'});
		expect({status, stderr}).toEqual({status: 3, stderr: ''});
		expect(stdout).toMatch(/^✔ ok {7}node: Node v\d+/);
		expect(stdout).toMatch(/\n✖ problem {2}docker: No Docker engine answers at unix:.*\n +mend: correct DOCKER_HOST, or unset it\n/);
		expect(stdout).toMatch(/\n1 problem\n$/);
		const report = await doctor(place, without);
		expect(report).toMatchObject({status: 'problem', exit: 3});
		expect(report.findings.map(({check}) => check)).toEqual(['node', 'state', 'disk', 'port', 'docker', 'kubernetes']);
		expect(existsSync(place.state)).toBe(false);
	});

	test('nothing but findings is said of an engine at a port', async () => {
		const report = await doctor(patientPlace(), {DOCKER_HOST: 'tcp://127.0.0.1:1'});
		expect(of(report, 'docker')).toMatchObject([{status: 'problem', says: 'No Docker engine answers at tcp://127.0.0.1:1 (DOCKER_HOST).'}]);
	});

	test('the state directory: free, with an orchestrator, and with a damaged journal', async () => {
		const place = patientPlace();
		const manager = place.start(['agent-manager-mode', '--no-tui', '--port', '0'], without);
		const [, url] = await manager.says(/(http:\/\/127\.0\.0\.1:\d+)/);
		expect(of(await doctor(place, without), 'state')).toMatchObject([{status: 'ok', says: expect.stringContaining(`answers at ${url}`)}]);
		manager.process.kill('SIGKILL');
		await manager.ended;
		expect(of(await doctor(place, without), 'state')).toMatchObject([
			{status: 'ok', says: expect.stringContaining('no orchestrator has it')},
		]);
		writeFileSync(join(place.state, 'byoai.db'), 'this is no database at all, whatever one may read into it');
		const report = await doctor(place, without);
		expect(of(report, 'state')).toMatchObject([{status: 'problem', says: expect.stringContaining('byoai.db is not a database')}]);
	});

	test('a state directory of somebody else is a problem, with what helps', async context => {
		context.skip(process.getuid?.() !== 0, 'only root can be somebody else');
		const place = patientPlace();
		chmodSync(place.directory, 0o755);
		mkdirSync(place.state, {mode: 0o700});
		const child = spawn(process.execPath, [program, ...argv, '--json'], {
			uid: 65_534,
			gid: 65_534,
			cwd: '/',
			env: {PATH: process.env.PATH, BYOAI_STATE_DIR: place.state, XDG_CONFIG_HOME: place.directory, HOME: '/nonexistent', ...without},
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		const {status, stdout, stderr} = await new Cli(child).ended;
		expect({status, stderr}).toEqual({status: 3, stderr: ''});
		expect(of(JSON.parse(stdout) as Report, 'state')).toMatchObject([
			{status: 'problem', says: expect.stringContaining('this user may not write'), mend: expect.stringContaining('sudo chown')},
		]);
	});
});

describe('with an engine', () => {
	beforeAll(async () => {
		if (whyNoDocker() === undefined) await buildTestImage();
	}, 120_000);

	beforeEach(needsDocker);

	const env = {AGENT_IMAGE: testImage};

	/** A place with a state, of whose containers nothing stays. */
	async function dockerPlace(): Promise<{place: CliPlace; owner: string}> {
		const place = patientPlace();
		place.file('first.yml', 'tasks: [{command: echo first}]\n');
		expect(await place.run(['-f', 'first.yml'])).toMatchObject({status: 0});
		const owner = readFileSync(join(place.state, 'id'), 'utf8');
		onTestFinished(() => removeContainers(owner));
		return {place, owner};
	}

	/** Makes a container by hand, as one that an orchestrator forgot. */
	function leave(owner: string, ...labels: readonly string[]): string {
		onTestFinished(() => removeContainers(owner));
		const all = [`byoai.owner=${owner}`, ...labels].flatMap(label => ['--label', label]);
		return docker('run', '--detach', '--network', 'none', ...all, testImage, 'sleep', '600');
	}

	test('what was left behind is listed, and --clean removes it and nothing else', async () => {
		const {place, owner} = await dockerPlace();
		const [foreign, gone] = [newOwner(), newOwner()];
		const left = leave(owner, 'byoai.instance=crew~r01jabcdefgh', 'byoai.run=r01jabcdefgh');
		const others = [leave(foreign), leave(gone, 'byoai.state-directory=/nowhere/state')];

		const before = await doctor(place, env);
		expect(before).toMatchObject({exit: 3, status: 'problem'});
		const [own, ofOthers] = of(before, 'leftovers');
		expect(own).toMatchObject({
			status: 'problem',
			leftovers: [{id: left, instance: 'crew~r01jabcdefgh', status: expect.stringMatching(/^Up /)}],
		});
		expect(ofOthers?.status).toBe('note');
		expect(ofOthers?.leftovers).toContainEqual(expect.objectContaining({id: others[1], directory: '/nowhere/state'}));
		expect((await place.run(argv, env)).stdout).toMatch(
			/\n +\S+ {2}made [^\n]+ ago {2}Up [^\n]+\n +mend: `byoai doctor --clean` removes them\n/,
		);
		expect(containersOf(owner)).toEqual([left]);

		const cleaned = of(await doctor(place, env, '--clean'), 'leftovers');
		expect(cleaned[0]).toMatchObject({status: 'ok', says: '1 container that nobody knew was removed.'});
		expect(containersOf(owner)).toEqual([]);
		expect([containersOf(foreign), containersOf(gone)]).toEqual(others.map(id => [id]));
		expect(of(await doctor(place, env), 'leftovers')[0]).toMatchObject({status: 'ok'});
	}, 120_000);

	test('beside a living orchestrator, and after its kill -9, --clean leaves what its runs need', async () => {
		const {place, owner} = await dockerPlace();
		const command = 'echo ready; while [ ! -e go ]; do sleep 0.1; done';
		place.file(
			'flow.yml',
			`agents: [{name: crew, type: docker}]
tasks:
  - {name: inside, agent: crew, command: "${command}", depends_on: []}
  - {name: alone, image: ${testImage}, command: "${command}", depends_on: []}
`,
		);
		const cli = place.start(['-f', 'flow.yml'], env);
		await cli.says(/inside +ready/);
		await cli.says(/alone +ready/);
		const needed = containersOf(owner);
		expect(needed).toHaveLength(2);
		const clean = async () => of(await doctor(place, env, '--clean'), 'leftovers')[0];
		expect(await clean()).toMatchObject({status: 'ok', says: 'No container was left behind.'});
		leave(owner);
		expect(await clean()).toMatchObject({status: 'ok', says: '1 container that nobody knew was removed.'});
		expect(containersOf(owner)).toEqual(needed);

		cli.process.kill('SIGKILL');
		await cli.ended;
		leave(owner);
		expect(await clean()).toMatchObject({status: 'ok', says: '1 container that nobody knew was removed.'});
		expect(containersOf(owner)).toEqual(needed);
		const again = place.start(['-f', 'flow.yml'], env);
		await again.says(/follow|ready/);
		for (const id of needed) docker('exec', id, 'touch', 'go');
		expect(await again.ended).toMatchObject({status: 0});
		expect(containersOf(owner)).toEqual([]);
	}, 180_000);
});
