import type {Pool} from '../model/agent.ts';
import type {Event} from '../model/event.ts';
import type {Draft} from './draft.ts';
import {loseSessionsOf} from './instances.ts';
import {begunAnew} from './pools.ts';
import type {State} from './state.ts';
import {poolOfInstance} from './state.ts';

type Of<Type extends Event['type']> = Extract<Event, {type: Type}>;

/** The pool of the persistent agent of this name, or of one of its instances; undefined when there is none. */
export function deployedPool(state: State, agent: string): Pool | undefined {
	const pool = Object.hasOwn(state.pools, agent) ? state.pools[agent] : poolOfInstance(state, agent);
	return pool?.spec.lifetime === 'persistent' ? pool : undefined;
}

/** A pool for it, which the reconciliation fills; one that is there begins anew what it had given up. */
export function deployAgent(draft: Draft, {agent, directory}: Of<'agent-deployed'>): void {
	const known = draft.state.pools[agent.name];
	if (known === undefined) {
		return putPool(draft, {name: agent.name, spec: agent, directory, idleMs: 0, started: 0, failures: 0, instances: []});
	}
	const {draining: _, ...pool} = begunAnew(known);
	putPool(draft, pool);
	sendOrders(draft, pool);
}

/** It gets nothing new; what it runs goes on. */
export function drainAgent(draft: Draft, name: string): void {
	const agent = draft.state.agents.get(name);
	if (agent !== undefined) {
		draft.put('agents', name, {...agent, draining: true});
		return sendOrdersTo(draft, new Set([name]));
	}
	const pool = deployedPool(draft.state, name);
	if (pool === undefined) return;
	putPool(draft, {...pool, draining: true});
	sendOrders(draft, pool);
}

/** One that registered is forgotten, with what it runs; one that was deployed loses that when its instances have ended. */
export function removeAgent(draft: Draft, name: string): void {
	const pool = draft.state.agents.has(name) ? undefined : deployedPool(draft.state, name);
	if (pool !== undefined) return putPool(draft, {...pool, draining: true, removing: true});
	draft.remove('agents', name);
	loseSessionsOf(draft, name, 'the agent was removed');
}

function putPool(draft: Draft, pool: Pool): void {
	draft.change({pools: {...draft.state.pools, [pool.name]: pool}});
}

function sendOrders(draft: Draft, {instances}: Pool): void {
	sendOrdersTo(draft, new Set(instances.map(({name}) => name)));
}

function sendOrdersTo(draft: Draft, agents: ReadonlySet<string>): void {
	for (const {id, agent} of draft.state.sessions.values()) {
		if (agents.has(agent)) draft.commands.push({type: 'send-orders', session: id});
	}
}
