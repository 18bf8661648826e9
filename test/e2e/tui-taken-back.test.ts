import {spawnSync} from 'node:child_process';
import {mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';
import type {Found} from '../helpers/found-processes.ts';
import {processesWith, signalAll} from '../helpers/found-processes.ts';
import {PtyShell} from '../helpers/pty-shell.ts';

const flags = ['-f', 'flow.yml', '--port', '0'];
const waiting = `name: waiting
tasks:
  - {name: wait, command: "trap 'echo asked to end; exit 3' TERM; echo ready; while [ ! -e go ]; do sleep 0.05; done"}
`;
/** Another process beside it, and the terminal as a program has it that draws. */
const drawn = 'sleep 1000 & stty raw -echo';
/** What is asked to end ends. */
const willing = `${drawn}; echo paging; wait`;
/** Ends only when it is killed, on the other screen of the terminal. */
const stubborn = `trap "" TERM HUP; ${drawn}; printf "\\033[?1049h\\033[Hstubborn"; while :; do sleep 0.1; done`;

/** A shell in which the screen was left to a pager, which is a command of a shell; `says`: what that prints. */
async function paging(pager: string, says: string | RegExp, env: NodeJS.ProcessEnv = {}): Promise<{place: CliPlace; shell: PtyShell}> {
	const place = new CliPlace();
	onTestFinished(() => signalAll(livingOf(place), 'SIGKILL'));
	place.file('flow.yml', waiting);
	place.file('pager.sh', pager);
	const temporary = join(place.directory, 'temporary');
	mkdirSync(temporary);
	const shell = new PtyShell(place, flags, {PAGER: 'sh ./pager.sh', TMPDIR: temporary, ...env});
	await shell.start();
	await shell.shows(/▶ running +wait[\s\S]*│ ready/);
	shell.press('o');
	await shell.shows(says);
	return {place, shell};
}

/** Nothing of the pager is left, and the shell has the terminal as it was. */
async function isBack({place, shell}: {place: CliPlace; shell: PtyShell}, status: number): Promise<void> {
	await shell.shows(/asked to end[\s\S]*run r\w+ cancelled[\s\S]*\nshell>/);
	expect(shell.isAlternate).toBe(false);
	shell.type('echo $?:$(stty -a | grep -o " echo "):$(stty -a | grep -o " icanon ")\r');
	await shell.shows(`${status}: echo : icanon`);
	expect(livingOf(place)).toEqual([]);
	expect(readdirSync(join(place.directory, 'temporary')).filter(name => name.startsWith('byoai-output'))).toEqual([]);
	const [run] = JSON.parse((await place.run(['ps', '--json'])).stdout);
	expect(run).toMatchObject({status: 'cancelled'});
}

/** What there is of the pager, and of what it started. */
function livingOf(place: CliPlace): readonly Found[] {
	return processesWith(place.directory).filter(({command}) => /pager\.sh|sleep 1000/.test(command));
}

describe('the terminal is taken back from a pager', () => {
	test.each([
		['SIGTERM', 143],
		['SIGHUP', 129],
	] as const)('by %s: it is ended with what it started, the run is cancelled, status %d', async (signal, status) => {
		const {place, shell} = await paging(willing, 'paging');
		expect(livingOf(place)).toHaveLength(3);
		shell.kill(signal);
		await isBack({place, shell}, status);
	});

	test('that does not end when it is asked to', async () => {
		const {place, shell} = await paging(stubborn, /^stubborn/);
		shell.kill('SIGTERM');
		await isBack({place, shell}, 143);
	});

	test.skipIf(spawnSync('less', ['--version']).status !== 0)('less', async () => {
		const {place, shell} = await paging('exec less "$1"', '(END)');
		shell.kill('SIGTERM');
		await isBack({place, shell}, 143);
	});

	test('when the program breaks', async () => {
		const crash = `process.on('SIGUSR2', () => {
			setImmediate(() => { throw new Error('the sky fell'); });
			setImmediate(() => { throw new Error('and the moon'); });
		});`;
		const {place, shell} = await paging(willing, 'paging', {NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(crash)}`});
		shell.kill('SIGUSR2');
		await shell.shows('internal error: the sky fell');
		await shell.shows(/the sky fell[\s\S]*shell>/);
		expect(shell.text).not.toMatch(/^ {4}at /m);
		expect(livingOf(place)).toEqual([]);
		place.file('go', '');
	});
});
