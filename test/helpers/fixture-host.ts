import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {LocalDriverOptions} from '../../source/drivers/local/local.ts';
import {createLocalDriver} from '../../source/drivers/local/local.ts';
import type {InstanceSpec} from '../../source/model/instance.ts';
import {instanceSpec} from './instance-spec.ts';

/** A directory in which local drivers start `fixture-agent.mjs`, and that knows every process which ever came of it. */
export type FixtureHost = ReturnType<typeof createFixtureHost>;

/** How long to wait for what processes do, at most: machines are busy. */
export const patience = {timeout: 15_000};

const fixtureProgram = join(import.meta.dirname, 'fixture-agent.mjs');

export function createFixtureHost() {
	const root = mkdtempSync(join(tmpdir(), 'byoai-driver-'));
	const census = mkdtempSync(join(root, 'census-'));
	const instances = join(root, 'instances');
	const options: LocalDriverOptions = {
		directory: instances,
		command: [process.execPath, fixtureProgram],
		environment: {PATH: process.env.PATH, FIXTURE_CENSUS: census},
		instanceEnvironment: () => ({}),
		stopGraceMs: 10_000,
	};
	return {
		root,
		instances,
		options,
		createDriver: (changes: Partial<LocalDriverOptions> = {}) => createLocalDriver({...options, ...changes}),
		/** `env` tells the fixture what to do. */
		spec: (name: string, env: Readonly<Record<string, string>> = {}): InstanceSpec => instanceSpec(name, {env}, root),
		/** Pids of all that ever ran, dead or alive. */
		everStarted: () => readdirSync(census).map(Number),
		alive: () => readdirSync(census).map(Number).filter(isRunning),
		/** Ends whatever is left; a test that leaves something should have failed by then. */
		dispose: () => {
			for (const pid of readdirSync(census).map(Number).filter(isRunning)) process.kill(pid, 'SIGKILL');
			rmSync(root, {recursive: true, force: true});
		},
	};
}

/** Told from `/proc` and `kill` by itself, not by the code under test. */
export function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
	} catch {
		return false;
	}
	const stat = `/proc/${pid}/stat`;
	return !existsSync(stat) || !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
}
