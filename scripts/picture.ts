import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {spawn} from '@lydell/node-pty';
import headless from '@xterm/headless';
import {svgScreen} from './svg-screen.ts';

/**
 * Makes docs/images/screen.svg anew: runs a workflow with the built program in a pseudo-terminal, and draws what the terminal shows in
 * the middle of it.
 */
const columns = 150;
const rows = 34;
const root = join(import.meta.dirname, '..');
const directory = mkdtempSync(join(tmpdir(), 'byoai-picture-'));

const workflow = `name: release
fail_fast: false
agents:
  - {name: builder, type: local, slots: 3, labels: {disk: fast}}
  - {name: reviewer, type: local, slots: 2}
defaults: {agent: builder}
tasks:
  - {name: prepare, command: "echo 214 files, 3 changed; sleep 0.4"}
  - {name: compile, command: "for n in 1 2 3 4 5 6; do echo compiling part $n of 6; sleep 0.25; done", depends_on: [prepare]}
  - {name: lint, command: "echo 'warn: unused export in columns.ts'; echo 'ERROR: no-undef in table.ts:41'; exit 1", depends_on: [prepare]}
  - {name: docs, command: "echo 12 pages; sleep 0.6", depends_on: [prepare]}
  - {name: test-unit, command: "for n in $(seq 1 400); do echo \\"ok $n - scheduler keeps its promises ($n ms)\\"; sleep 0.4; done", depends_on: [compile]}
  - {name: test-browser, command: "echo starting a browser; sleep 0.5; [ $BYOAI_ATTEMPT -gt 9 ] || { echo 'ERROR: the browser went away'; exit 3; }", depends_on: [compile], retry: {limit: 3, delay: 30s}}
  - {name: review-speed, agent: reviewer, command: "echo reading the diff; while :; do echo 'info: nothing slow so far'; sleep 0.9; done", depends_on: [compile]}
  - {name: review-safety, agent: reviewer, command: "echo reading the diff; while :; do echo 'info: 2 findings, both minor'; sleep 1.3; done", depends_on: [compile]}
  - {name: package, command: "echo package", depends_on: [test-unit, test-browser]}
  - {name: publish, command: "echo publish", depends_on: [package, review-speed, review-safety, docs]}
`;

const terminal = new headless.Terminal({cols: columns, rows, allowProposedApi: true});
writeFileSync(join(directory, 'release.yml'), workflow);
const {PATH} = process.env;
const program = spawn(process.execPath, [join(root, 'bin', 'byoai.cjs'), '-f', 'release.yml', '--port', '0'], {
	name: 'xterm-256color',
	cols: columns,
	rows,
	cwd: directory,
	env: {PATH, LANG: 'C.UTF-8', BYOAI_STATE_DIR: join(directory, 'state'), XDG_CONFIG_HOME: directory},
});
const ended = new Promise<void>(resolve => program.onExit(() => resolve()));
program.onData(text => terminal.write(text));

function shown(): string {
	const {active} = terminal.buffer;
	return Array.from({length: rows}, (_, y) => active.getLine(active.viewportY + y)?.translateToString(true) ?? '').join('\n');
}

async function until(wanted: RegExp): Promise<void> {
	for (let tries = 0; tries < 600; tries++) {
		if (wanted.test(shown())) return;
		await sleep(100);
	}
	throw new Error(`the screen never showed ${wanted}:\n${shown()}`);
}

try {
	await until(/again in \d+ s/);
	await until(/ok 8 /);
	// The failed task is chosen.
	program.write('n');
	await sleep(1000);
	mkdirSync(join(root, 'docs', 'images'), {recursive: true});
	writeFileSync(join(root, 'docs', 'images', 'screen.svg'), svgScreen(terminal, 'byoai: agents, tasks, runs and output of a run'));
	console.log(shown());
} finally {
	program.write('q');
	await sleep(500);
	program.write('c');
	await ended;
	rmSync(directory, {recursive: true, force: true});
}
