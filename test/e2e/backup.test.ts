import {execFileSync} from 'node:child_process';
import {copyFileSync, cpSync, mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';

/** The shell lines of a section of docs/operations.md, as people copy them. */
function documented(heading: string): string {
	const text = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
	const section = text.slice(text.indexOf(`## ${heading}\n`)).split('\n## ')[0] ?? '';
	return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, lines]) => lines).join('');
}

const hasSqlite = (() => {
	try {
		execFileSync('sqlite3', ['--version'], {stdio: 'ignore'});
		return true;
	} catch {
		return false; // it is not on this machine
	}
})();

test.skipIf(!hasSqlite)(
	'the documented backup, made while a run goes on, and the documented restore: history and output are there, the run goes on',
	async () => {
		const place = new CliPlace();
		place.file('before.yml', 'tasks: [{name: a, command: echo kept}]\n');
		expect((await place.run(['-f', 'before.yml'])).status).toBe(0);
		place.file('flow.yml', "tasks: [{name: a, command: 'echo first; while [ ! -e go ]; do sleep 0.05; done; echo last'}]\n");
		const cli = place.start(['-f', 'flow.yml']);
		await cli.says(/first/);
		const [backup, restored] = ['backup', 'restored'].map(name => join(place.directory, name));
		const env = {...process.env, STATE: place.state, BACKUP: backup, RESTORED: restored};
		execFileSync('sh', ['-ec', documented('Backup')], {env, stdio: 'inherit'});
		place.file('go', '');
		expect((await cli.ended).status).toBe(0);

		execFileSync('sh', ['-ec', documented('Restore')], {env, stdio: 'inherit'});
		const settings = {BYOAI_STATE_DIR: restored ?? ''};
		const runs = JSON.parse((await place.run(['ps', '--json'], settings)).stdout) as ReadonlyArray<{
			id: string;
			workflow: string;
			status: string;
		}>;
		expect(runs.map(({workflow, status}) => [workflow, status])).toEqual([
			['flow', 'running'],
			['before', 'succeeded'],
		]);
		const logs = await place.run(['logs', runs[1]?.id ?? '', 'a'], settings);
		expect(logs.stdout).toBe('kept\n');
		// Its agent is no more, as after the loss of a machine: the attempt is lost, and made again.
		const again = await place.run(['-f', 'flow.yml'], settings);
		expect(again.status, again.stdout + again.stderr).toBe(0);
		expect(again.stdout).toContain('goes on');
	},
	60_000,
);

test('a file that only looks like a state directory’s database after a wrong restore is refused, not begun anew', async () => {
	const place = new CliPlace();
	place.file('flow.yml', 'tasks: [{name: a, command: echo a}]\n');
	expect((await place.run(['-f', 'flow.yml'])).status).toBe(0);
	const half = join(place.directory, 'half');
	mkdirSync(half);
	cpSync(join(place.state, 'logs'), join(half, 'logs'), {recursive: true});
	copyFileSync(join(place.state, 'key'), join(half, 'byoai.db'));
	const ended = await place.run(['ps'], {BYOAI_STATE_DIR: half});
	expect(ended).toMatchObject({status: 3, stdout: ''});
	expect(ended.stderr).toContain('byoai.db');
}, 60_000);
