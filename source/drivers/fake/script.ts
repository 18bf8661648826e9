/** What an instance with a `command` prints, so long after its start; text is UTF-8. */
export type FakePrint = {readonly afterMs: number; readonly data: string | Uint8Array; readonly stream?: 'stdout' | 'stderr'};

/** What becomes of a started instance. Plain data, so that demos and scenarios can be written down. */
export type FakeScript =
	/** It runs until it is stopped. `ignoresTerm`: asked to end, it does not. */
	| {readonly type: 'runs'; readonly startMs?: number; readonly prints?: readonly FakePrint[]; readonly ignoresTerm?: boolean}
	/** It cannot be started, and `message` says why. `retryable`: not now. */
	| {readonly type: 'refuses'; readonly startMs?: number; readonly message: string; readonly retryable?: boolean}
	/** It runs, but no agent ever comes up in it. */
	| {readonly type: 'never-ready'; readonly startMs?: number}
	/** It runs for `afterMs` and exits. Asked to end, it does so with `heedsCode`, or not at all. */
	| {
			readonly type: 'exits';
			readonly startMs?: number;
			readonly afterMs: number;
			readonly exitCode: number;
			readonly output?: string;
			readonly prints?: readonly FakePrint[];
			readonly ignoresTerm?: boolean;
			readonly heedsCode?: number;
	  }
	/** It runs for `afterMs` and is killed for want of memory. */
	| {readonly type: 'out-of-memory'; readonly startMs?: number; readonly afterMs: number; readonly prints?: readonly FakePrint[]}
	/** It runs for `afterMs`, and is then gone with all that it left. */
	| {readonly type: 'vanishes'; readonly startMs?: number; readonly afterMs: number; readonly prints?: readonly FakePrint[]};

/** The part of the global timers that is needed, so that a simulation can bring a time of its own. */
export type FakeTimers = {
	setTimeout(callback: () => void, ms: number): unknown;
	clearTimeout(timer: unknown): void;
	/** Wall clock of the machine; absent: this host's. */
	now?(): number;
};
