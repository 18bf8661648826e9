import {cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import type {Plan} from './fault.ts';
import type {ChaosTask} from './flow.ts';
import {afterFlow, chaosFlow, chaosTasks} from './flow.ts';
import type {Home, OpenHome} from './home.ts';

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

/** The directory of one round: workflow, settings, state, notes of the tasks, temporary files; and the home of its agents. */
export class Place {
	readonly directory: string;
	readonly state: string;
	readonly database: string;
	readonly ledger: string;
	readonly temporary: string;
	readonly program: Program;
	/** Of its workflow, in order. */
	readonly tasks: readonly ChaosTask[];
	readonly home: Home;

	/** Makes the directory and opens the home, for a plan. */
	static async open(program: Program, name: string, plan: Plan, openHome: OpenHome): Promise<Place> {
		const directory = join(program.directory, name);
		const data = join(directory, 'data');
		const state = join(directory, 'state');
		for (const path of [state, data, join(directory, 'tmp'), join(directory, 'byoai')]) mkdirSync(path, {recursive: true, mode: 0o700});
		const lease = plan.leaseMs === undefined ? '' : `instance_lease: ${plan.leaseMs}ms\n`;
		writeFileSync(join(directory, 'byoai/config.yml'), `port: 0\ntask_grace: 300ms\n${lease}`);
		return new Place(program, directory, await openHome({directory, data, owner: () => ownerOf(state)}, plan));
	}

	private constructor(program: Program, directory: string, home: Home) {
		this.program = program;
		this.home = home;
		this.directory = directory;
		this.state = join(directory, 'state');
		this.database = join(this.state, 'byoai.db');
		this.ledger = join(directory, 'data/ledger');
		this.temporary = join(directory, 'tmp');
		this.tasks = [...chaosTasks, ...home.tasks];
		const ledger = {here: this.ledger, inside: join(home.data, 'ledger')};
		writeFileSync(join(directory, 'flow.json'), chaosFlow(this.tasks, ledger, home.crew));
		writeFileSync(join(directory, 'after.json'), afterFlow);
	}

	get environment(): NodeJS.ProcessEnv {
		const {PATH} = process.env;
		return {
			PATH,
			TMPDIR: this.temporary,
			NODE_COMPILE_CACHE: join(this.program.directory, 'compiled'),
			BYOAI_STATE_DIR: this.state,
			XDG_CONFIG_HOME: this.directory,
			...this.home.environment,
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

	remove(): void {
		rmSync(this.directory, {recursive: true, force: true});
	}
}

/** The id by which what it starts is marked; undefined: there is none yet. */
function ownerOf(state: string): string | undefined {
	const id = join(state, 'id');
	return existsSync(id) ? readFileSync(id, 'utf8').trim() : undefined;
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
