import type {Labels} from '../model/workflow.ts';
import type {AgentDetail, AgentRow} from '../protocol/views.ts';
import {fitTable} from '../text/columns.ts';
import {printable} from '../text/printable.ts';
import {formatSpan} from '../text/spans.ts';
import type {Look} from '../text/style.ts';
import {createStyle} from '../text/style.ts';
import {formatMeanings} from '../text/words.ts';
import type {Run} from './command.ts';
import {findOrchestrator} from './orchestrators.ts';

/** `byoai agents [name]`: the agents of an orchestrator, by name; or one of them, whole. */
export const agents: Run = async invocation => {
	const {operands, flags, config, output} = invocation;
	const [name] = operands;
	const {client} = await findOrchestrator(invocation);
	const found = name === undefined ? await client.agents() : await client.agent(name);
	if (flags.json === true) output.write(`${JSON.stringify(found, undefined, 2)}\n`);
	else {
		const look = {colour: config.colour.out, unicode: config.unicode, columns: output.columns};
		output.write('attempts' in found ? formatAgent(found, Date.now(), look.columns) : formatAgents(found, look));
	}
	return 0;
};

/**
 * The table of agents; its head alone when there are none. Columns that would say nothing are left out; the last one is cut where the terminal
 * ends, and `byoai agents NAME` has it whole.
 */
export function formatAgents(rows: readonly AgentRow[], look: Look): string {
	const style = createStyle(look);
	const byName = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
	const columns: ReadonlyArray<readonly [head: string, cell: (row: AgentRow) => string]> = [
		['AGENT', ({id}) => id],
		['TYPE', ({type}) => type],
		['STATUS', ({status}) => status],
		['SLOTS', ({used, slots}) => `${used}/${slots}`],
		['CPU', ({usage}) => (usage === undefined ? '' : usage.cpu.toFixed(2))],
		['MEMORY', ({usage}) => (usage === undefined ? '' : memoryText(usage))],
		['RUN', ({run}) => run ?? ''],
		['LABELS', ({labels}) => labelText(labels, ',')],
		['STARTING', ({starting}) => starting ?? ''],
		['PROBLEM', ({problem}) => problem ?? ''],
	];
	const shown = columns.filter(
		([head, cell]) => !['CPU', 'MEMORY', 'RUN', 'LABELS', 'STARTING', 'PROBLEM'].includes(head) || byName.some(row => cell(row) !== ''),
	);
	const heads = shown.map(([head]) => style.dim(head));
	const cells = byName.map(row => shown.map(([, cell]) => printable(cell(row), false)));
	return `${fitTable([heads, ...cells], shown.length - 1, style).join('\n')}\n`;
}

/** One agent, a fact a line. */
export function formatAgent(agent: AgentDetail, now: number, columns = Number.POSITIVE_INFINITY): string {
	const {id, type, status, instance, slots, used, labels, run, mode, url, registeredAt, lastSeenAt, spec, attempts, usage} = agent;
	const printed = agent.output?.split('\n') ?? [];
	const ago = (at: number) => `${formatSpan(now - at)} ago`;
	const facts: ReadonlyArray<readonly [name: string, value: string | undefined]> = [
		['type', type],
		['status', instance === undefined || instance === 'running' ? status : `${status} (instance ${instance})`],
		['starting', agent.starting],
		['problem', agent.problem],
		['slots', `${slots}, ${used} in use`],
		['uses', usage && `${usage.cpu.toFixed(2)} processors, ${memoryText(usage)}`],
		['labels', labelText(labels, ' ')],
		['run', run],
		['reached', mode && (mode === 'pull' ? 'it dials' : `dialled at ${url}`)],
		['address', mode === 'pull' ? url : undefined],
		['registered', registeredAt === undefined ? undefined : ago(registeredAt)],
		['replicas', spec && `${spec.replicas}, until it is removed`],
		['last seen', lastSeenAt === undefined ? undefined : ago(lastSeenAt)],
		...attempts.map(
			({run: of, name, attempt, assignedAt}, index) =>
				[index === 0 ? 'runs' : '', `${name} of run ${of}, attempt ${attempt}, for ${formatSpan(now - assignedAt)}`] as const,
		),
		...printed.map((line, index) => [index === 0 ? 'printed' : '', line] as const),
	];
	const known = facts.flatMap(([name, value]) => (value ? [[name, printable(value, false)] as const] : []));
	return [`agent ${id}`, ...formatMeanings(known, columns), ''].join('\n');
}

/** `212 MiB`, `212 of 512 MiB` */
function memoryText({memoryBytes, memoryLimitBytes}: NonNullable<AgentRow['usage']>): string {
	const mebibytes = (bytes: number) => String(Math.round(bytes / 2 ** 20));
	return `${mebibytes(memoryBytes)}${memoryLimitBytes === undefined ? '' : ` of ${mebibytes(memoryLimitBytes)}`} MiB`;
}

function labelText(labels: Labels, between: string): string {
	return Object.entries(labels)
		.map(pair => pair.join('='))
		.join(between);
}
