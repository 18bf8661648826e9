import type {AgentRow} from '../protocol/views.ts';
import {formatTable} from './columns.ts';
import type {Run} from './command.ts';
import {createStyle} from './console-style.ts';
import {findOrchestrator} from './orchestrators.ts';
import {printable} from './printable.ts';

/** `byoai agents`: the agents of an orchestrator, by name. */
export const agents: Run = async invocation => {
	const {flags, config, output} = invocation;
	const {client} = await findOrchestrator(invocation);
	const rows = await client.agents();
	output.write(flags.json === true ? `${JSON.stringify(rows, undefined, 2)}\n` : formatAgents(rows, config.colour.out));
	return 0;
};

/** The table of agents; its head alone when there are none. Instead of its labels, an agent in trouble has the reason. */
export function formatAgents(agents: readonly AgentRow[], colour: boolean): string {
	const style = createStyle({colour, unicode: true});
	const byName = agents.toSorted((a, b) => (a.id < b.id ? -1 : 1));
	const rows = byName.map(({id, type, status, slots, used, labels, run, problem}) => [
		printable(id, false),
		printable(type, false),
		status,
		`${used}/${slots}`,
		run ?? '',
		printable(
			problem ??
				Object.entries(labels)
					.map(pair => pair.join('='))
					.join(','),
			false,
		),
	]);
	return `${formatTable([['AGENT', 'TYPE', 'STATUS', 'SLOTS', 'RUN', 'LABELS'].map(style.dim), ...rows]).join('\n')}\n`;
}
