import {execFileSync, spawn} from 'node:child_process';
import {copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {expect, onTestFinished, test} from 'vitest';
import {Cli, CliPlace, program} from '../helpers/cli.ts';
import {fillDisk, mountSmallDisk} from '../helpers/small-disk.ts';

const start = ['-f', 'flow.yml', '--no-tui'];

/** Tasks that note each attempt, the first of which waits for a file `go`, and then ends without a word. */
const flow = `
tasks:
  - {name: a, command: 'echo $BYOAI_TASK >> begun; echo waits; while [ ! -e go ]; do sleep 0.05; done'}
  - {name: b, command: 'echo $BYOAI_TASK >> begun'}
  - {name: c, command: 'echo $BYOAI_TASK >> begun'}
`;

/** What each task noted: that it began, once. */
function begun(place: CliPlace): readonly string[] {
	return readFileSync(join(place.directory, 'begun'), 'utf8').trim().split('\n');
}

test('a disk that is full when the journal grows: status 3 and what to do; with space again, the run goes on where it was', async context => {
	const place = new CliPlace();
	mkdirSync(place.state);
	if (!mountSmallDisk(place.state)) return context.skip('no right to mount a small file system');
	place.file('flow.yml', flow);
	const first = place.start(start);
	await first.says(/waits/);
	const ballast = [join(place.state, 'ballast'), join(place.state, 'more')] as const;
	fillDisk(ballast[0], 0);
	place.file('go', '');
	const {status, stderr} = await first.ended;
	expect(status, stderr).toBe(3);
	expect(stderr).toMatch(
		/byoai\.db cannot grow: the disk is full .* Free some space, or name another state directory with BYOAI_STATE_DIR\.\n$/,
	);
	// At its end the database gave some pages back.
	fillDisk(ballast[1], 0);
	const again = await place.run(start);
	expect(again).toMatchObject({status: 3, stdout: ''});
	expect(again.stderr).toMatch(/(The|the) disk is full/);
	for (const file of ballast) rmSync(file);
	const last = await place.run(start);
	expect(last.status, last.stdout + last.stderr).toBe(0);
	expect(begun(place)).toEqual(['a', 'b', 'c']);
}, 60_000);

test('a disk that is full when output comes: it is said, the task waits, and with space again everything is there', async context => {
	const place = new CliPlace();
	const logs = join(place.state, 'logs');
	mkdirSync(logs, {recursive: true});
	if (!mountSmallDisk(logs)) return context.skip('no right to mount a small file system');
	place.file('flow.yml', 'tasks: [{name: a, command: "echo waits; while [ ! -e go ]; do sleep 0.05; done; seq 1 20000"}]\n');
	const cli = place.start(start);
	await cli.says(/waits/);
	const ballast = join(logs, 'ballast');
	fillDisk(ballast);
	place.file('go', '');
	await cli.says(
		/output of tasks is not kept, and they wait: cannot write the log .*0\.1\.log \(ENOSPC\)\. The disk is full: free some space/,
	);
	rmSync(ballast);
	await cli.says(/output of tasks is kept again/);
	const {status, stdout} = await cli.ended;
	expect(status, stdout.slice(-500)).toBe(0);
	const [run = ''] = readdirSync(logs);
	const numbers = Array.from({length: 20_000}, (_, index) => `${index + 1}\n`).join('');
	expect(readFileSync(join(logs, run, '0.1.log'), 'utf8')).toBe(`waits\n${numbers}`);
}, 60_000);

test('a state directory that is read-only: status 3 and what to do; writable again, the run goes on', async context => {
	const place = new CliPlace();
	mkdirSync(place.state);
	if (!mountSmallDisk(place.state)) return context.skip('no right to mount a small file system');
	place.file('flow.yml', flow);
	const first = place.start(start);
	await first.says(/waits/);
	first.process.kill('SIGKILL');
	await first.ended;
	// A mount of its own over the directory: what the agent has open for writing meanwhile is not in its way.
	const mount = (...argv: readonly string[]) => execFileSync('mount', argv);
	mount('--bind', place.state, place.state);
	mount('-o', 'remount,bind,ro', place.state);
	const refused = await place.run(start).finally(() => execFileSync('umount', [place.state]));
	expect(refused).toMatchObject({status: 3, stdout: ''});
	expect(refused.stderr).toContain(place.state);
	expect(refused.stderr).toMatch(/read-only|may not be written/);
	expect(refused.stderr).toContain('BYOAI_STATE_DIR');
	place.file('go', '');
	const last = await place.run(start);
	expect(last.status, last.stdout + last.stderr).toBe(0);
	expect(begun(place)).toEqual(['a', 'b', 'c']);
}, 60_000);

test('a disk that reports errors: status 3 and what to do, and the run goes on where it was', async () => {
	const place = new CliPlace();
	const many = Array.from({length: 40}, (_, index) => `  - {name: t${index}, command: 'echo $BYOAI_TASK >> begun'}`).join('\n');
	place.file('flow.yml', `tasks:\n${many}\n`);
	// Writes beyond 128 KiB fail: the system's own errors, without a broken disk.
	const limited = spawn('sh', ['-c', 'trap "" XFSZ; ulimit -f 256; exec "$@"', 'sh', process.execPath, program, ...start], {
		cwd: place.directory,
		env: {PATH: process.env.PATH, BYOAI_STATE_DIR: place.state, XDG_CONFIG_HOME: place.directory},
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const first = await new Cli(limited).ended;
	expect(first.status, first.stdout + first.stderr).toBe(3);
	expect(first.stderr).toMatch(/byoai\.db cannot be read or written: the disk reports an error \(SQLite \d+: .*\)\. Check the disk/);
	const last = await place.run(start);
	expect(last.status, last.stdout + last.stderr).toBe(0);
	expect(begun(place)).toEqual(Array.from({length: 40}, (_, index) => `t${index}`));
}, 60_000);

type Damage = readonly [what: string, damage: (database: string) => void, said: RegExp];
const damages: readonly Damage[] = [
	['truncated', database => truncateSync(database, 12_288), /byoai\.db is damaged \(.*\)\. Restore it from a backup/],
	[
		'of another program',
		database => change(database, 'PRAGMA application_id = 7'),
		/byoai\.db is a database of another program\. Move it away/,
	],
	['of a newer version', database => change(database, 'PRAGMA user_version = 99'), /byoai\.db was written by a newer version of byoai/],
	['no database', database => writeFileSync(database, 'x'.repeat(10_000)), /byoai\.db is not a database/],
];

test.each(damages)(
	'a database that is %s: status 3, what to do, and the file is left as it was; restored, everything is there',
	async (_, damage, said) => {
		const place = new CliPlace();
		place.file('flow.yml', 'tasks: [{name: a, command: echo a}]\n');
		expect((await place.run(start)).status).toBe(0);
		const database = join(place.state, 'byoai.db');
		copyFileSync(database, join(place.directory, 'backup'));
		damage(database);
		const before = readFileSync(database);
		for (const argv of [start, ['ps']]) {
			const ended = await place.run(argv);
			expect(ended).toMatchObject({status: 3, stdout: ''});
			expect(ended.stderr).toMatch(said);
		}
		expect(readFileSync(database).equals(before)).toBe(true);
		copyFileSync(join(place.directory, 'backup'), database);
		expect(JSON.parse((await place.run(['ps', '--json'])).stdout)).toMatchObject([{status: 'succeeded'}]);
	},
	60_000,
);

function change(path: string, sql: string): void {
	const database = new DatabaseSync(path);
	onTestFinished(() => {
		if (database.isOpen) database.close();
	});
	database.exec(sql);
	database.close();
}
