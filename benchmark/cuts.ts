import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {createClient} from '../source/client/client.ts';
import {Mirror} from '../source/client/mirror.ts';
import {cutProxy} from '../test/helpers/cut-proxy.ts';

/**
 * A reader of the events that is cut off every second, beside one that never is, while runs come and go on the built program. Both
 * have to have the same rows in the end.
 *
 *     node benchmark/cuts.ts [seconds]
 */
const [seconds = 60] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), 'byoai-cuts-'));
const cli = join(import.meta.dirname, '..', 'dist', 'cli.js');
const workflow = join(directory, 'stays.yml');
writeFileSync(workflow, 'tasks: [{name: stays, command: "sleep 3600"}]\n');

const manager = spawn(
	process.execPath,
	[cli, 'agent-manager-mode', '--no-tui', '--port', '0', '--state-dir', join(directory, 'state'), '--on-stop', 'cancel', '-f', workflow],
	{stdio: ['ignore', 'ignore', 'pipe'], cwd: directory},
);

function managerUrl(): Promise<string> {
	return new Promise((resolve, reject) => {
		let text = '';
		manager.stderr.on('data', (chunk: Buffer) => {
			text += chunk.toString();
			const url = /listens on (http:\S+)/.exec(text)?.[1];
			if (url !== undefined) resolve(url);
		});
		manager.once('exit', code => reject(new Error(`the manager ended with ${code}: ${text}`)));
	});
}

/** All rows but tasks of ended runs: those stay with who was there to see them, and are in no snapshot. */
function rowsOf({runs, tasks, agents}: Mirror): string {
	const active = [...tasks.values()].filter(({run}) => runs.get(run)?.endedAt === undefined);
	return JSON.stringify([[...runs.values()], active, [...agents.values()]].map(rows => rows.sort((a, b) => (a.id < b.id ? -1 : 1))));
}

try {
	const url = await managerUrl();
	const proxy = await cutProxy(url);
	const abort = new AbortController();
	const mirrors = [url, proxy.url].map(of => new Mirror(createClient({fetch: request => fetch(request), url: of})));
	const [whole, cut] = mirrors;
	if (whole === undefined || cut === undefined) throw new Error('there are two');
	const heard = {snapshot: 0, change: 0, broken: 0};
	cut.subscribe(({type}) => {
		heard[type]++;
	});
	const following = mirrors.map(mirror => mirror.follow(abort.signal));
	const client = createClient({fetch: request => fetch(request), url});
	let runs = 0;
	for (let second = 0; second < seconds; second++) {
		const tasks = Array.from({length: 20}, (_, index) => ({name: `t${index}`, command: 'true', depends_on: []}));
		await client.submitRun({text: JSON.stringify({name: `run-${second}`, tasks}), directory});
		runs++;
		await sleep(1000);
		proxy.cut();
	}
	for (let tries = 0; tries < 300 && (!cut.live || rowsOf(cut) !== rowsOf(whole) || whole.runs.size <= runs); tries++) await sleep(100);
	const isSame = rowsOf(cut) === rowsOf(whole);
	console.log(`${heard.broken} times cut off in ${seconds} s, ${runs} runs; ${heard.snapshot} snapshots and ${heard.change} changes heard`);
	console.log(isSame ? `the same ${whole.runs.size} runs, ${whole.tasks.size} tasks and ${whole.agents.size} agents` : 'the rows differ');
	process.exitCode = isSame ? 0 : 1;
	abort.abort();
	await Promise.all(following);
	await proxy.close();
} finally {
	manager.kill('SIGTERM');
	if (manager.exitCode === null) await new Promise(resolve => manager.once('exit', resolve));
	rmSync(directory, {recursive: true, force: true});
}
