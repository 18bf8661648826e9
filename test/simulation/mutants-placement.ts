import type {Mutant} from './mutate.ts';

const time = 'source/scheduler/time.ts';
const attempts = 'source/scheduler/attempts.ts';
const instances = 'source/scheduler/instances.ts';
const placement = 'source/scheduler/placement.ts';
const pools = 'source/scheduler/pools.ts';
const selection = 'source/scheduler/selection.ts';
const check = 'source/scheduler/check.ts';
const step = 'source/scheduler/step.ts';

/** What the scheduler keeps between runs and agents: time, placement, pools. */
export const placementMutants: readonly Mutant[] = [
	{
		name: 'no-delay',
		rule: 'retry: not before its time',
		file: time,
		find: 'retryAt !== undefined && retryAt <= draft.state.now',
		replace: 'retryAt !== undefined',
		seed: 11,
	},
	{
		name: 'retry-not-woken',
		rule: 'wakeAt: a retry comes by itself',
		file: time,
		find: 'for (const index of run.waiting) next = Math.min(next, run.tasks[index]?.retryAt ?? next);',
		replace: '',
		seed: 8,
	},
	{
		name: 'timeout-not-woken',
		rule: 'wakeAt: the timeout comes by itself, also after fail_fast',
		file: time,
		find: 'let next = overdueAtOf(run) ?? Number.POSITIVE_INFINITY;',
		replace: 'let next = run.stop ? Number.POSITIVE_INFINITY : (overdueAtOf(run) ?? Number.POSITIVE_INFINITY);',
		seed: 10,
	},
	{
		name: 'idle-not-woken',
		rule: 'wakeAt: a pool without instances goes when it is idle',
		file: time,
		find: '(pool.instances.length === 0 || pool.instances.some',
		replace: '(pool.instances.some',
		seed: 729,
	},
	{
		name: 'gives-up-too-early',
		rule: 'agent_timeout: counted anew from the last loss of a session',
		file: time,
		find: 'Math.max(readyAt, state.lastLostAt) + run.agentTimeoutMs',
		replace: 'readyAt + run.agentTimeoutMs',
		seed: 3,
	},
	{
		name: 'never-gives-up',
		rule: 'agent_timeout: a task whose agent is not there fails',
		file: time,
		find: `return {cause: 'no_agent',`,
		replace: `if (pools.length === 0) return undefined;\n\treturn {cause: 'no_agent',`,
		seed: 3,
	},
	{
		name: 'gives-up-once',
		rule: 'a task that becomes ready for a broken pool fails too',
		file: step,
		find: `spec.lifetime === 'task' || broken !== undefined`,
		replace: `spec.lifetime === 'task' && broken === undefined`,
		seed: 183,
	},
	{
		name: 'gives-up-by-halves',
		rule: 'a task that becomes ready because another gave up gives up too',
		file: time,
		find: 'for (let at = 0, index = run.ready[at]; index !== undefined; index = run.ready[++at]) {',
		replace: 'for (const index of [...run.ready]) {',
		seed: 316,
	},
	{
		name: 'lost-attempts-kept',
		rule: 'what a lost session ran is lost',
		file: attempts,
		find: `finishAttempt(draft, ref, id, {status: 'lost', reason: cause}, undefined);`,
		replace:
			'if (session.assigned[0] === ref) continue;\n\t\t' + `finishAttempt(draft, ref, id, {status: 'lost', reason: cause}, undefined);`,
		seed: 1,
	},
	{
		name: 'max-parallel-ignored',
		rule: 'max_parallel',
		file: placement,
		find: '(workflow.maxParallel ?? Number.POSITIVE_INFINITY) - active',
		replace: '(workflow.maxParallel ?? Number.POSITIVE_INFINITY)',
		seed: 4,
	},
	{
		name: 'slots-ignored',
		rule: 'slots: no more than there is room for',
		file: placement,
		find: '\t\toffer.room--;\n',
		replace: '',
		seed: 3,
	},
	{
		name: 'drained-gets-work',
		rule: 'drain: nothing new',
		file: placement,
		find: ' || state.agents[agent]?.draining === true) continue;',
		replace: ') continue;',
		seed: 29,
	},
	{
		name: 'instance-used-twice',
		rule: 'lifetime task: one attempt for each instance',
		file: placement,
		find: `if (instance.status === 'stopping' || instance.spent === true) return 0;`,
		replace: `if (instance.status === 'stopping') return 0;`,
		seed: 40,
	},
	{
		name: 'labels-ignored',
		rule: 'labels: only an agent that has them',
		file: selection,
		find: 'Object.entries(asked).every(',
		replace: 'Object.entries(asked).some(',
		seed: 3,
	},
	{
		name: 'foreign-pool',
		rule: 'the agents of a run serve that run only',
		file: selection,
		find: 'if (candidate.run !== undefined && candidate.run !== run.id) return false;',
		replace: '',
		seed: 25,
	},
	{
		name: 'pool-left-behind',
		rule: 'the agents of a run end with it',
		file: pools,
		find: 'if (pool.run !== undefined) return state.runs[pool.run] !== undefined;',
		replace: 'if (pool.run !== undefined) return true;',
		seed: 3,
	},
	{
		name: 'past-start-kept',
		rule: 'wakeAt: never in the past for ever',
		file: pools,
		find: 'if (pool.nextStartAt === undefined || (pool.nextStartAt > now && pool.broken === undefined)) return pool;',
		replace: 'if (pool.nextStartAt !== undefined || now > 0) return pool;',
		seed: 8,
	},
	{
		name: 'never-broken',
		rule: 'an instance that always fails breaks its pool',
		file: pools,
		find: 'if (failures > instanceFailureLimit)',
		replace: 'if (failures > instanceFailureLimit * 100)',
		seed: 8,
	},
	{
		name: 'end-of-instance-unheard',
		rule: '5: the end of an instance ends its session at once',
		file: instances,
		find: "loseSessionsOf(draft, name, `its agent's instance ended: ${end.cause}`);",
		replace: '',
		seed: 1,
	},
	{
		name: 'failed-instance-forgotten',
		rule: 'an instance stays in its pool until it is cleared away',
		file: instances,
		find: `changeInstance(draft, counted, {...instance, status: 'stopping'});`,
		replace: `const instances = counted.instances.filter(other => other.name !== instance.name);
	draft.change({pools: {...draft.state.pools, [pool.name]: {...counted, instances}}});`,
		seed: 64,
	},
	{
		name: 'removed-while-running',
		rule: 'an agent that runs tasks is not removed',
		file: check,
		find: 'return runs ? refuse(',
		replace: 'return runs && agent === undefined ? refuse(',
		seed: 65,
	},
	{
		name: 'session-before-handle',
		rule: 'an instance opens no session before its start is journaled',
		file: check,
		find: 'if (instance.handle === undefined) return',
		replace: 'if (instance.handle === undefined && instance.name === undefined) return',
		seed: 10,
	},
];
