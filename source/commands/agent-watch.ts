import type {Client} from '../client/client.ts';
import {Mirror} from '../client/mirror.ts';
import {ByoaiError} from '../model/error.ts';
import type {AgentRow} from '../protocol/views.ts';

/** Looks at the rows of an agent, and of its replicas, until it has an answer. */
export type Judge<Answer> = (rows: readonly AgentRow[]) => Answer | undefined;

/**
 * Watches an agent: `judge` sees its rows as they are, and again after each change. Resolves with the first answer; rejects with
 * `unavailable` when the connection breaks, as nobody then knows what becomes of the agent.
 */
export async function watchAgent<Answer>(client: Client, name: string, judge: Judge<Answer>): Promise<Answer> {
	const mirror = new Mirror(client);
	const stop = new AbortController();
	const {promise, resolve, reject} = Promise.withResolvers<Answer>();
	mirror.subscribe(news => {
		if (news.type === 'broken') return reject(news.error ?? endOfStream(client));
		const answer = judge(rowsOf(name, [...mirror.agents.values()]));
		if (answer !== undefined) resolve(answer);
	});
	mirror.follow(stop.signal).catch(reject);
	try {
		return await promise;
	} finally {
		stop.abort();
	}
}

/** Those of `web` and its replicas, `web~2`, `web~3`; not of `web~<run>`, which lives in its run. */
export function rowsOf(name: string, agents: readonly AgentRow[]): AgentRow[] {
	return agents.filter(({id, run}) => run === undefined && (id === name || id.startsWith(`${name}~`)));
}

function endOfStream({url}: Client): ByoaiError {
	return new ByoaiError('unavailable', `the orchestrator at ${url} ended meanwhile; it goes on when it is started again: byoai agents`);
}
