import {readFileSync} from 'node:fs';
import type {Now} from './lease.ts';

/** All clocks at this moment. */
export function now(): Now {
	const bootMs = sinceBoot();
	// Not performance.now(), which every process counts from its own start.
	return {monotonicMs: Number(process.hrtime.bigint()) / 1e6, wallMs: Date.now(), ...(bootMs !== undefined && {bootMs})};
}

/** Linux counts on while it is suspended: it shows also where somebody sets the clock back meanwhile (proc_uptime(5)). Elsewhere nothing tells. */
function sinceBoot(): number | undefined {
	if (process.platform !== 'linux') return undefined;
	try {
		const seconds = Number.parseFloat(readFileSync('/proc/uptime', 'latin1'));
		return Number.isFinite(seconds) ? seconds * 1000 : undefined;
	} catch {
		return undefined; // no /proc: the other two clocks have to do
	}
}
