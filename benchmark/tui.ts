import {fork} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {spawn} from '@lydell/node-pty';
import {rolldown} from 'rolldown';
import type {Usage} from './tui-load.ts';

/**
 * The screen under load: 1,000 agents, 10,000 tasks, 500 changes of tasks and 300 of agents a second, and 10,000 lines of output a second.
 *
 *     node benchmark/tui.ts [--coloured] [measured seconds] [warm-up seconds] [columns] [rows]
 *
 * The load is rows and output that are made up, behind the server as it is; what is left out is the disk. It is played without anybody
 * who looks, then with the screen in the same process, then with the screen attached over HTTP from another one, in a real
 * pseudo-terminal. The difference, of all processes, is what the screen costs: what it does, and what the server does for it.
 * Meanwhile keys are pressed, and it is waited for what they do. `--coloured`: each line has a word in a colour.
 */
const given = process.argv.slice(2);
const look = given.includes('--coloured') ? 'coloured' : 'plain';
const [measured = 30, warmUp = 15, columns = 120, rows = 40] = given.filter(word => word !== '--coloured').map(Number);
const directory = mkdtempSync(join(tmpdir(), 'byoai-benchmark-'));
const program = join(directory, 'tui-load.mjs');

/** With everything in one file, and React as it is in the product. */
async function bundle(): Promise<void> {
	const built = await rolldown({
		input: join(import.meta.dirname, 'tui-load.ts'),
		platform: 'node',
		transform: {define: {'process.env.NODE_ENV': '"production"'}, jsx: 'react-jsx'},
		plugins: [
			{
				name: 'without-developer-tools',
				resolveId: id => (id === 'react-devtools-core' ? '\0none' : undefined),
				load: id => (id === '\0none' ? 'export default {};' : undefined),
			},
		],
	});
	await built.write({file: program, format: 'esm', codeSplitting: false});
}

type Seen = {
	readonly usage: Usage;
	/** Of the measured time. */
	bytes: number;
	frames: number;
	clears: number;
	/** Numbers of lines of output, the first and the last that stood on the screen. */
	first: number;
	last: number;
	readonly latencies: number[];
};

async function play(mode: 'none' | 'screen' | 'attached', url?: string): Promise<Seen> {
	const report = join(directory, `${mode}.json`);
	const argv = [String(warmUp), String(measured), mode, report, look, ...(url === undefined ? [] : [url])];
	const pty = spawn(process.execPath, [program, ...argv], {
		name: 'xterm-256color',
		cols: columns,
		rows,
	});
	const seen = {bytes: 0, frames: 0, clears: 0, first: 0, last: 0, latencies: [] as number[]};
	const measuredFrom = performance.now() + warmUp * 1000;
	let awaited: {text: string; since: number; tail: string} | undefined;
	pty.onData(text => {
		if (performance.now() < measuredFrom) return;
		seen.bytes += Buffer.byteLength(text);
		seen.frames += text.split('\u001b[?2026h').length - 1;
		seen.clears += text.split('\u001b[2J').length - 1;
		const step = Number(/.*step (\d+) of/s.exec(text)?.[1] ?? 0);
		seen.first ||= step;
		seen.last = Math.max(seen.last, step);
		if (awaited === undefined) return;
		awaited.tail += text;
		if (!awaited.tail.includes(awaited.text)) return;
		seen.latencies.push(performance.now() - awaited.since);
		awaited = undefined;
	});
	const presses = [
		['?', ' Keys '],
		// Not Esc: for that, 20 ms are waited for what may follow it.
		['q', 'Agents'],
	] as const;
	let pressed = 0;
	const timer = setInterval(() => {
		if (mode === 'none' || performance.now() < measuredFrom || awaited !== undefined) return;
		const [key, text] = presses[pressed++ % presses.length] ?? presses[0];
		awaited = {text, since: performance.now(), tail: ''};
		pty.write(key);
	}, 330);
	const {promise, resolve} = Promise.withResolvers<number>();
	pty.onExit(({exitCode}) => resolve(exitCode));
	const status = await promise;
	clearInterval(timer);
	if (status !== 0) throw new Error(`the load ended with ${status}`);
	return {...seen, usage: JSON.parse(readFileSync(report, 'utf8')) as Usage};
}

/** The screen, and the load in a process beside it. */
async function playAttached(): Promise<{readonly screen: Seen; readonly served: Usage}> {
	const report = join(directory, 'served.json');
	// It is there before the screen is, and measured for as long.
	const server = fork(program, [String(warmUp + 1), String(measured), 'served', report, look], {stdio: 'inherit'});
	const ended = once(server, 'exit');
	const [url] = (await once(server, 'message')) as [string];
	const screen = await play('attached', url);
	await ended;
	return {screen, served: JSON.parse(readFileSync(report, 'utf8')) as Usage};
}

function percentile(values: readonly number[], part: number): string {
	const sorted = values.toSorted((a, b) => a - b);
	return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN).toFixed(1);
}

function percent(share: number): string {
	return `${(share * 100).toFixed(1)} %`;
}

function tell(how: string, {usage, bytes, frames, clears, latencies, first, last}: Seen, share: number, none: Usage): void {
	const {memory} = usage;
	// A screen that shows nothing new costs little.
	const shown = (last - first) / measured / none.lines;
	if (shown < 0.8) throw new Error(`${how}: only ${percent(shown)} of the time's output came by`);
	console.log(
		[
			how,
			`  share of a core   ${percent(share - none.share)} (${percent(share)} in all)`,
			`  to the terminal   ${(bytes / measured / 1000).toFixed(1)} kB/s in ${(frames / measured).toFixed(1)} frames/s, ${clears} full clears`,
			`  key to screen     median ${percentile(latencies, 0.5)} ms, p99 ${percentile(latencies, 0.99)} ms, of ${latencies.length} keys`,
			`  memory            ${memory[warmUp - 1]} MiB → ${memory.at(-1)} MiB, at most ${Math.max(...memory)} MiB (${none.memory.at(-1)} MiB when nobody looks)`,
		].join('\n'),
	);
	if (measured >= 300) console.log(`  memory by minute  ${memory.filter((_, second) => second % 60 === 59).join(' ')} MiB`);
}

try {
	await bundle();
	const none = await play('none');
	const lines = Math.round(none.usage.lines).toLocaleString('en');
	console.log(
		`${columns}x${rows}, ${measured} s after ${warmUp} s, ${lines} ${look === 'coloured' ? 'coloured ' : ''}lines/s; nobody looks: ${percent(none.usage.share)} of a core`,
	);
	const inside = await play('screen');
	tell('in the same process', inside, inside.usage.share, none.usage);
	const {screen, served} = await playAttached();
	tell('attached', screen, screen.usage.share + served.share, none.usage);
} finally {
	rmSync(directory, {recursive: true, force: true});
}
