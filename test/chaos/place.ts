import {cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import type {Docker} from './docker.ts';
import {dockerCommand} from './docker.ts';
import type {ChaosTask} from './flow.ts';
import {afterFlow, chaosFlow, chaosTasks, imageTask} from './flow.ts';
import type {Plan} from './plan.ts';
import {killsEngine} from './plan.ts';

const repository = join(import.meta.dirname, '../..');

/** The built program, copied, so that a build in the midst of the rounds changes nothing in them. */
export type Program = {readonly directory: string; readonly cli: string; remove(): void};

export function copyProgram(): Program {
	const built = join(repository, 'dist');
	if (!existsSync(join(built, 'cli.js'))) throw new Error(`${built} is not there: run "npm run build" first`);
	const directory = mkdtempSync(join(tmpdir(), 'byoai-chaos-'));
	cpSync(built, join(directory, 'dist'), {recursive: true});
	cpSync(join(repository, 'package.json'), join(directory, 'package.json'));
	symlinkSync(join(repository, 'node_modules'), join(directory, 'node_modules'));
	return {directory, cli: join(directory, 'dist/cli.js'), remove: () => rmSync(directory, {recursive: true, force: true})};
}

/** The directory of one round: workflow, settings, state, notes of the tasks, temporary files. */
export class Place {
	readonly directory: string;
	readonly state: string;
	readonly database: string;
	readonly ledger: string;
	readonly temporary: string;
	readonly program: Program;
	readonly docker: Docker | undefined;
	/** Of its workflow, in order. */
	readonly tasks: readonly ChaosTask[];

	constructor(program: Program, name: string, {docker, plan}: {docker?: Docker | undefined; plan: Plan}) {
		this.program = program;
		this.docker = docker;
		this.tasks = docker ? [...chaosTasks, imageTask(docker.image, killsEngine(plan))] : chaosTasks;
		this.directory = join(program.directory, name);
		this.state = join(this.directory, 'state');
		this.database = join(this.state, 'byoai.db');
		this.ledger = join(this.directory, 'data/ledger');
		this.temporary = join(this.directory, 'tmp');
		for (const path of [this.state, this.temporary, join(this.directory, 'data'), join(this.directory, 'byoai')]) {
			mkdirSync(path, {recursive: true, mode: 0o700});
		}
		const lease = plan.leaseMs === undefined ? '' : `instance_lease: ${plan.leaseMs}ms\n`;
		writeFileSync(join(this.directory, 'byoai/config.yml'), `port: 0\ntask_grace: 300ms\n${lease}`);
		const crew = docker ? {type: 'docker', replicas: 2, slots: 2, volume: './data:/data'} : {type: 'local', slots: 4};
		const ledger = {here: this.ledger, inside: docker ? '/data/ledger' : this.ledger};
		writeFileSync(join(this.directory, 'flow.json'), chaosFlow(this.tasks, ledger, crew));
		writeFileSync(join(this.directory, 'after.json'), afterFlow);
	}

	get environment(): NodeJS.ProcessEnv {
		const {PATH} = process.env;
		return {
			PATH,
			TMPDIR: this.temporary,
			NODE_COMPILE_CACHE: join(this.program.directory, 'compiled'),
			BYOAI_STATE_DIR: this.state,
			XDG_CONFIG_HOME: this.directory,
			...(this.docker && {AGENT_IMAGE: this.docker.image}),
			...(this.docker?.host !== undefined && {DOCKER_HOST: this.docker.host}),
		};
	}

	/** Whether the run of the fixed workflow has ended. Looks at a copy, for opening a database can change it. Nobody may have it open. */
	hasEnded(): boolean {
		if (!existsSync(this.database)) return false;
		const copy = mkdtempSync(join(this.directory, 'look-'));
		try {
			for (const suffix of ['', '-wal', '-journal']) {
				if (existsSync(this.database + suffix)) cpSync(this.database + suffix, join(copy, `byoai.db${suffix}`));
			}
			return countEnded(join(copy, 'byoai.db')) > 0;
		} finally {
			rmSync(copy, {recursive: true, force: true});
		}
	}

	/** Containers of this round, by id; dead ones too unless `alive`. */
	containers({alive = false} = {}): readonly string[] {
		const id = join(this.state, 'id');
		if (this.docker === undefined || !existsSync(id)) return [];
		const owner = readFileSync(id, 'utf8').trim();
		const ids = dockerCommand(this.docker, 'ps', '--quiet', ...(alive ? [] : ['--all']), '--filter', `label=byoai.owner=${owner}`);
		return ids.split('\n').filter(line => line !== '');
	}

	remove(): void {
		rmSync(this.directory, {recursive: true, force: true});
	}
}

function countEnded(path: string): number {
	const database = new DatabaseSync(path);
	try {
		const hasRuns = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'runs'").get() !== undefined;
		return hasRuns ? Number(database.prepare("SELECT count(*) AS runs FROM runs WHERE workflow = 'chaos'").get()?.runs) : 0;
	} finally {
		database.close();
	}
}
