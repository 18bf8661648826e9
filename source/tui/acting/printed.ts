import type {Client} from '../../client/client.ts';
import {ByoaiError} from '../../model/error.ts';
import type {AgentRow} from '../../protocol/views.ts';

/** The last that the instances of those agents have printed which do not serve yet, or no more, by agent. */
export async function printedBy(client: Client, agents: readonly AgentRow[]): Promise<ReadonlyMap<string, string>> {
	const silent = agents.filter(({status}) => status === 'starting' || status === 'lost');
	const found = await Promise.all(
		silent.map(async ({id}) => {
			const {output} = await client.agent(id).catch(unlessGone);
			return output === undefined ? [] : [[id, output] as const];
		}),
	);
	return new Map(found.flat());
}

/** An agent that is gone by now has nothing to say. */
function unlessGone(error: unknown): {readonly output?: string} {
	if (error instanceof ByoaiError && error.code === 'not_found') return {};
	throw error;
}
