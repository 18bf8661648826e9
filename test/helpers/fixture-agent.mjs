/*
 * Stands in for the agent program where a test is about processes, not about tasks. It claims its instance as the agent does,
 * stays until SIGTERM, and does otherwise what these variables ask for:
 *
 * FIXTURE_CENSUS       directory in which every process of the fixture leaves a file named after its pid
 * FIXTURE_GATE         it claims its instance only once this file is there
 * FIXTURE_PRINT        what it prints at first
 * FIXTURE_EXIT_BEFORE  the code with which it exits instead of claiming
 * FIXTURE_EXIT         the code with which it exits once it has claimed
 * FIXTURE_DEAF         it ignores SIGTERM
 * FIXTURE_CHILD        it leaves a process behind in its process group
 * FIXTURE_WATCHDOG     it has a watchdog, which outlives it until this file is there
 */
import {spawn} from 'node:child_process';
import {existsSync, linkSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

const {env} = process;
const directory = env.BYOAI_INSTANCE_DIR;

function enlist(pid) {
	writeFileSync(join(env.FIXTURE_CENSUS, String(pid)), '');
}

async function waitForFile(file) {
	while (!existsSync(file)) {
		if (!existsSync(env.FIXTURE_CENSUS)) process.exit(1); // the test is over
		await sleep(5);
	}
}

function startTime() {
	if (process.platform !== 'linux') return {};
	const stat = readFileSync('/proc/self/stat', 'utf8');
	return {startTime: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]};
}

function claim(file) {
	const mine = join(directory, `${file}-${process.pid}`);
	writeFileSync(mine, JSON.stringify({pid: process.pid, ...startTime()}));
	linkSync(mine, join(directory, file));
}

async function beWatchdog() {
	claim('watchdog.pid');
	process.stdin.resume();
	await new Promise(resolve => process.stdin.once('end', resolve));
	await waitForFile(env.FIXTURE_WATCHDOG);
}

async function beAgent() {
	if (env.FIXTURE_PRINT) process.stdout.write(`${env.FIXTURE_PRINT}\n`);
	if (env.FIXTURE_EXIT_BEFORE) process.exit(Number(env.FIXTURE_EXIT_BEFORE));
	process.on('SIGTERM', () => {
		if (!env.FIXTURE_DEAF) process.exit(0);
	});
	if (env.FIXTURE_GATE) await waitForFile(env.FIXTURE_GATE);
	if (env.FIXTURE_CHILD) enlist(spawn('sleep', ['1000'], {stdio: 'ignore'}).pid);
	if (env.FIXTURE_WATCHDOG) {
		spawn(process.execPath, [process.argv[1], 'watchdog'], {detached: true, stdio: ['pipe', 'ignore', 'ignore']});
		await waitForFile(join(directory, 'watchdog.pid'));
	}
	try {
		claim('pid');
	} catch {
		process.exit(0); // another holds the instance, or it was stopped
	}
	if (env.FIXTURE_EXIT) process.exit(Number(env.FIXTURE_EXIT));
	await waitForFile(join(env.FIXTURE_CENSUS, 'never'));
}

enlist(process.pid);
await (process.argv[2] === 'watchdog' ? beWatchdog() : beAgent());
