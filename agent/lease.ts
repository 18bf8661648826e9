/** The clocks of a machine at one moment. */
export type Now = {
	/** Of the whole machine, so that a process beside the agent can compare; may stand still while it is suspended. */
	readonly monotonicMs: number;
	/** Milliseconds since 1970; may be set forward and back. */
	readonly wallMs: number;
	/** Since the machine was started, as long as it was suspended included; absent where the system does not tell. */
	readonly bootMs?: number;
};

/** For how long an agent may work without being heard. */
export type Lease = {
	/** When the Report was sent from which it counts. */
	readonly from: Now;
	readonly leaseMs: number;
};

const longestBeatMs = 5000;

/** What is left of a lease; negative once it has ended. Whichever clock says that more has elapsed is right. */
export function leaseLeftMs(lease: Lease, now: Now): number {
	const elapsedMs = Math.max(now.monotonicMs - lease.from.monotonicMs, now.wallMs - lease.from.wallMs);
	const bootMs = now.bootMs === undefined || lease.from.bootMs === undefined ? 0 : now.bootMs - lease.from.bootMs;
	return lease.leaseMs - Math.max(elapsedMs, bootMs);
}

/**
 * How long before a lease's end the killing starts, so that all is dead by its end. The agent terminates at once and
 * kills at a half of it; the watchdog, for an agent that does not, terminates at a half and kills at a quarter.
 */
export function killWindowMs(leaseMs: number): number {
	return Math.min(5000, leaseMs / 4);
}

/** How often to look at the clock: a timer alone would sleep on after a suspended machine woke. */
export function clockLookMs(leaseMs: number): number {
	return Math.min(250, killWindowMs(leaseMs) / 16);
}

/** A Report goes out at least so often: five times a lease. */
export function beatMs(leaseMs = longestBeatMs): number {
	return Math.min(longestBeatMs, leaseMs / 5);
}
