import {execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/**
 * Many short tasks: `byoai -f` beside `xargs -P` and GNU parallel, in one run on one machine, since only ratios mean anything.
 *
 *     npm run benchmark -- [tasks] [slots] [rounds]
 *
 * byoai keeps a journal with a commit that survives loss of power, logs and history of each task; the others keep nothing.
 */
const [tasks = 10_000, slots = 4, rounds = 3] = process.argv.slice(2).map(Number);
const cli = join(import.meta.dirname, '..', 'dist', 'cli.js');
const directory = mkdtempSync(join(tmpdir(), 'byoai-benchmark-'));

type Measured = {readonly seconds: number; readonly memory: Readonly<Record<string, number>>};

function workflowFile(count: number): string {
	const file = join(directory, `${count}.yml`);
	const head = `agents: [{name: bench, type: local, slots: ${slots}}]\ndefaults: {agent: bench}\ntasks:\n`;
	writeFileSync(
		file,
		head + Array.from({length: count}, (_, index) => `  - {name: t${index}, command: "true", depends_on: []}\n`).join(''),
	);
	return file;
}

/** Peak resident memory (MiB) of a process and of those below it, by the name of what they run; Linux only. */
function memoryOf(root: number, peaks: Record<string, number>, stateDir: string): void {
	for (const entry of readdirSync('/proc')) {
		if (!/^\d+$/.test(entry)) continue;
		try {
			const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ');
			const name = Number(entry) === root ? 'orchestrator' : agentName(command, entry, stateDir);
			const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1];
			if (name !== undefined && peak !== undefined) peaks[name] = Math.max(peaks[name] ?? 0, Math.round(Number(peak) / 1024));
		} catch {
			// The process ended while it was being looked at.
		}
	}
}

function agentName(command: string, pid: string, stateDir: string): string | undefined {
	if (!command.includes('agent.js')) return undefined;
	if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(stateDir)) return undefined;
	return command.includes('--watchdog') ? 'watchdog' : 'agent';
}

async function byoai(count: number): Promise<Measured> {
	const stateDir = mkdtempSync(join(directory, 'state-'));
	const memory: Record<string, number> = {};
	const began = performance.now();
	const child = spawn(process.execPath, [cli, '-f', workflowFile(count), '--no-tui', '--state-dir', stateDir], {stdio: 'ignore'});
	const timer = setInterval(() => memoryOf(child.pid ?? 0, memory, stateDir), 250);
	const code = await new Promise<number | null>(resolve => child.on('exit', resolve));
	clearInterval(timer);
	if (code !== 0) throw new Error(`byoai ended with ${code}`);
	return {seconds: (performance.now() - began) / 1000, memory};
}

function shell(command: string): Measured | undefined {
	const began = performance.now();
	try {
		execFileSync('sh', ['-c', command], {stdio: ['ignore', 'ignore', 'inherit']});
	} catch {
		return undefined;
	}
	return {seconds: (performance.now() - began) / 1000, memory: {}};
}

function has(program: string): boolean {
	return shell(`command -v ${program} >/dev/null`) !== undefined;
}

function median(values: readonly number[]): number {
	return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const peers: Array<[string, () => Measured | undefined | Promise<Measured>]> = [
	['byoai', () => byoai(tasks)],
	[`xargs -P ${slots}`, () => shell(`seq ${tasks} | xargs -P ${slots} -n 1 sh -c true`)],
];
if (has('parallel')) peers.push([`parallel -j ${slots}`, () => shell(`seq ${tasks} | parallel -j ${slots} 'true #' `)]);

const seconds = new Map<string, number[]>();
let memory: Readonly<Record<string, number>> = {};
try {
	const empty = await byoai(1);
	console.log(`start, one task, end: ${empty.seconds.toFixed(2)} s`);
	for (let round = 0; round < rounds; round++) {
		for (const [name, run] of peers) {
			const measured = await run();
			if (measured === undefined) continue;
			seconds.set(name, [...(seconds.get(name) ?? []), measured.seconds]);
			if (name === 'byoai') memory = measured.memory;
		}
	}
} finally {
	rmSync(directory, {recursive: true, force: true});
}
const own = median(seconds.get('byoai') ?? []);
console.log(`${tasks} tasks \`true\` on ${slots} slots, median of ${rounds}:`);
for (const [name, values] of seconds) {
	const took = median(values);
	console.log(
		`  ${name.padEnd(14)} ${took.toFixed(2).padStart(7)} s  ${(tasks / took).toFixed(0).padStart(6)} tasks/s  ×${(own / took).toFixed(2)}`,
	);
}
console.log(`  peak memory of byoai's processes, MiB: ${JSON.stringify(memory)}`);
