import type {Now} from './lease.ts';

/** Both clocks at this moment. */
export function now(): Now {
	// Not performance.now(), which every process counts from its own start.
	return {monotonicMs: Number(process.hrtime.bigint()) / 1e6, wallMs: Date.now()};
}
