import {writeFileSync} from 'node:fs';
import type {OpenScreen} from '../source/app.tsx';
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

/**
 * `<warm-up s> <measured s> none|screen|served|attached <report file> plain|coloured [url]`. `none`: the load, and nobody who looks. `screen`: with the
 * screen in the same process. `served`: the load, for a screen in another process. `attached`: that screen.
 */
const [warmUp = 10, measured = 10] = process.argv.slice(2, 4).map(Number);
const [, , , , mode, report = '', look, url = 'http://127.0.0.1:5001'] = process.argv;
const feed =
	mode === 'attached' ? undefined : new BusyFeed({agents: 1000, tasks: 10_000, linesPerSecond: 10_000, isColoured: look === 'coloured'});
const screen = mode === 'screen' || mode === 'attached' ? openedScreen(feed?.server.fetch ?? fetch) : undefined;
if (mode === 'served') process.send?.((await feed?.server.listen({host: '127.0.0.1', port: 0}))?.url);

function openedScreen(fetch: (request: Request) => Promise<Response>): OpenScreen {
	return openScreen({
		client: createClient({url, fetch}),
		role: 'client',
		look: {colour: true, unicode: true, theme: 'dark'},
		limits: defaultLimits,
		stdin: process.stdin,
		stdout: process.stdout,
		stderr: process.stderr,
		process,
		environment: process.env,
		interrupt: () => process.exit(130),
	});
}

const memory: number[] = [];
setInterval(() => memory.push(Math.round(process.memoryUsage().rss / 1024 ** 2)), 1000);
setTimeout(() => {
	const [before, lines] = [process.cpuUsage(), feed?.lines ?? 0];
	setTimeout(async () => {
		const {user, system} = process.cpuUsage(before);
		const usage: Usage = {share: (user + system) / 1e6 / measured, lines: ((feed?.lines ?? 0) - lines) / measured, memory};
		writeFileSync(report, JSON.stringify(usage));
		await screen?.release();
		process.exit(0);
	}, measured * 1000);
}, warmUp * 1000);
