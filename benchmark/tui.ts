import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {spawn} from '@lydell/node-pty';
import {rolldown} from 'rolldown';
import type {Usage} from './tui-load.ts';

/**
 * The screen under load: 1,000 agents, 10,000 tasks, 500 changes of tasks and 300 of agents a second, and 10,000 lines of output a second.
 *
 *     node benchmark/tui.ts [measured seconds] [warm-up seconds] [columns] [rows]
 *
 * In one process the load is made, and written as JSON, without anybody who reads it; in another one the screen reads and shows it, in
 * a real pseudo-terminal. The difference is what the screen costs. Meanwhile keys are pressed, and it is waited for what they do.
 */
const [measured = 30, warmUp = 15, columns = 120, rows = 40] = process.argv.slice(2).map(Number);
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
	readonly latencies: number[];
};

async function play(mode: 'none' | 'screen'): Promise<Seen> {
	const report = join(directory, `${mode}.json`);
	const pty = spawn(process.execPath, [program, String(warmUp), String(measured), mode, report], {
		name: 'xterm-256color',
		cols: columns,
		rows,
	});
	const seen = {bytes: 0, frames: 0, clears: 0, latencies: [] as number[]};
	const measuredFrom = performance.now() + warmUp * 1000;
	let awaited: {text: string; since: number; tail: string} | undefined;
	pty.onData(text => {
		if (performance.now() < measuredFrom) return;
		seen.bytes += Buffer.byteLength(text);
		seen.frames += text.split('\u001b[?2026h').length - 1;
		seen.clears += text.split('\u001b[2J').length - 1;
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

function percentile(values: readonly number[], part: number): string {
	const sorted = values.toSorted((a, b) => a - b);
	return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN).toFixed(1);
}

function percent(share: number): string {
	return `${(share * 100).toFixed(1)} %`;
}

try {
	await bundle();
	const none = await play('none');
	const screen = await play('screen');
	const {memory} = screen.usage;
	const kept = memory.slice(warmUp);
	console.log(
		[
			`${columns}x${rows}, ${measured} s after ${warmUp} s, ${Math.round(screen.usage.lines).toLocaleString('en')} lines/s`,
			`share of a core   ${percent(screen.usage.share - none.usage.share)} (${percent(screen.usage.share)} with the screen, ${percent(none.usage.share)} without)`,
			`to the terminal   ${(screen.bytes / measured / 1000).toFixed(1)} kB/s in ${(screen.frames / measured).toFixed(1)} frames/s, ${screen.clears} full clears`,
			`key to screen     median ${percentile(screen.latencies, 0.5)} ms, p99 ${percentile(screen.latencies, 0.99)} ms, of ${screen.latencies.length} keys`,
			`memory            ${kept[0]} MiB → ${kept.at(-1)} MiB, at most ${Math.max(...memory)} MiB (${none.usage.memory.at(-1)} MiB without the screen)`,
		].join('\n'),
	);
} finally {
	rmSync(directory, {recursive: true, force: true});
}
