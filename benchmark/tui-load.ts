import {writeFileSync} from 'node:fs';
import {openScreen} from '../source/app.tsx';
import {createClient} from '../source/client/client.ts';
import {defaultLimits} from '../source/model/limits.ts';
import {BusyFeed} from './tui-feed.ts';

/** What a process used while it was measured. */
export type Usage = {
	/** Of one core. */
	readonly share: number;
	readonly lines: number;
	/** Resident memory in MiB, a sample a second, from the beginning on. */
	readonly memory: readonly number[];
};

/** `<warm-up s> <measured s> <screen|none> <report file>`: the load, with the screen on it or without, in this process. */
const [warmUp = 10, measured = 10] = process.argv.slice(2, 4).map(Number);
const [, , , , mode, report = ''] = process.argv;
const feed = new BusyFeed({agents: 1000, tasks: 10_000, linesPerSecond: 10_000});
const screen =
	mode === 'screen'
		? openScreen({
				client: createClient({url: 'http://127.0.0.1:5001', fetch: feed.server.fetch}),
				role: 'client',
				look: {colour: true, unicode: true, theme: 'dark'},
				limits: defaultLimits,
				stdin: process.stdin,
				stdout: process.stdout,
				stderr: process.stderr,
				process,
				environment: process.env,
				interrupt: () => process.exit(130),
			})
		: undefined;
const memory: number[] = [];
setInterval(() => memory.push(Math.round(process.memoryUsage().rss / 1024 ** 2)), 1000);
setTimeout(() => {
	const [before, lines] = [process.cpuUsage(), feed.lines];
	setTimeout(() => {
		const {user, system} = process.cpuUsage(before);
		const usage: Usage = {share: (user + system) / 1e6 / measured, lines: (feed.lines - lines) / measured, memory};
		writeFileSync(report, JSON.stringify(usage));
		screen?.release();
		process.exit(0);
	}, measured * 1000);
}, warmUp * 1000);
