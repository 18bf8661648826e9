/**
 * When a fault comes: after so many commits of this life, or milliseconds after its start, or after it listens; or once the tasks
 * have noted so many starts and ends, which is in the midst of work however busy the machine is.
 */
export type Moment = {readonly commits: number} | {readonly ms: number} | {readonly listeningMs: number} | {readonly notes: number};

/**
 * What is killed with -9, or stopped for a while. `engine`: what runs containers, or the API server of a cluster. `pods`: all pods are
 * deleted by somebody else.
 */
export type Victim = 'orchestrator' | 'agents' | 'watchdogs' | 'engine' | 'pods';

/** What can be stopped without the rest. */
export type Pausable = 'orchestrator' | 'agents' | 'watchdogs';

/** How a cluster is away: connections are refused (`off`), or nothing comes on them (`silent`). */
export type Absence = {readonly ms: number; readonly how: 'off' | 'silent'};

/** Of the connections to a cluster, for so long. */
export type Trouble = {
	readonly ms: number;
	/** All of them break, with whatever goes over them. */
	readonly cutEveryMs?: number;
	/** One in so many requests is refused, or done and not answered. */
	readonly failOneIn?: number;
};

export type Kill = {
	readonly at: Moment;
	readonly kill: readonly Victim[];
	/** Of the engine, where it does not come back at once. */
	readonly absence?: Absence;
	/** How long deleted pods have to end; 0: `kubectl delete pod --force`. */
	readonly podGraceSeconds?: number;
};

export type Fault =
	| Kill
	/** SIGSTOP to all processes of the round, or to these alone, and SIGCONT after `pauseMs`. */
	| {readonly at: Moment; readonly pauseMs: number; readonly only?: readonly Pausable[]}
	/** While everything goes on. */
	| {readonly at: Moment; readonly trouble: Trouble};

export type Plan = {
	readonly name: string;
	readonly faults: readonly Fault[];
	/** Of the settings; absent: the default, which no round reaches. */
	readonly leaseMs?: number;
};

export function kills({faults}: Plan, victim: Victim): boolean {
	return faults.some(fault => 'kill' in fault && fault.kill.includes(victim));
}

/** Whether an orchestrator that is just starting may find that its engine does not answer. */
export function hidesEngine(plan: Plan): boolean {
	return kills(plan, 'engine') || plan.faults.some(fault => 'trouble' in fault);
}
