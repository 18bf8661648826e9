import type {Client} from '../client/client.ts';
import type {LinesQuery} from '../client/queries.ts';
import {durationMs} from '../model/durations.ts';
import {ByoaiError} from '../model/error.ts';
import type {RunId} from '../model/ids.ts';
import {runEnded} from '../model/run.ts';
import {printable} from '../text/printable.ts';
import {because, createStyle, whyOf} from '../text/style.ts';
import type {Invocation, Run} from './command.ts';
import {ConsoleFormat} from './log-view/format.ts';
import type {Access} from './orchestrators.ts';
import {findOrchestrator} from './orchestrators.ts';
import {readCount} from './words/arguments.ts';
import type {Flags} from './words/options.ts';

/**
 * `byoai logs [run] [task]`: lines of a run, or the bytes that one task printed. With `--agent`, `--since` or `--grep` and no run, lines
 * of all runs.
 */
export const logs: Run = async invocation => {
	const {operands, flags} = invocation;
	const [run, task] = operands;
	const chosen = chosenLines(flags);
	const isChosen = Object.keys(chosen).length > 0;
	const attempt = flags.attempt === undefined ? undefined : readCount(flags.attempt, '--attempt');
	if (attempt !== undefined && task === undefined)
		throw new ByoaiError('usage', `--attempt is for one task: byoai logs ${run ?? 'latest'} <task> --attempt ${attempt}`);
	const access = await findOrchestrator(invocation, 'reader');
	try {
		const of = run ?? (isChosen ? undefined : 'latest');
		const follow = flags.follow === true && (await canFollow(access, of, invocation));
		if (of !== undefined && task !== undefined && !isChosen && flags.json !== true) {
			const from = await placeOfOutput(access.client, of, task, invocation);
			const hasPrinted = await printBytes(access.client, invocation, {run: from, task, follow, ...(attempt !== undefined && {attempt})});
			if (!hasPrinted) await tellSilence(access.client, of, task, invocation);
		} else {
			const query = {...chosen, follow, ...(of !== undefined && {run: of}), ...(task !== undefined && {task})};
			await printLines(access.client, invocation, query, attempt);
		}
	} finally {
		await access.close();
	}
	return 0;
};

function chosenLines({agent, since, grep}: Flags): Pick<LinesQuery, 'agent' | 'since' | 'grep'> {
	if (since !== undefined && durationMs(since) === undefined && Number.isNaN(Date.parse(since))) {
		throw new ByoaiError(
			'usage',
			`--since must be a duration such as 10m, or a time such as 2026-01-31T12:00, not ${JSON.stringify(since)}`,
		);
	}
	return {...(agent !== undefined && {agent}), ...(since !== undefined && {since}), ...(grep !== undefined && {grep})};
}

/** Where nobody runs the runs there is nothing to wait for, and the state directory must not be kept from whoever starts. */
async function canFollow({client, own}: Access, run: string | undefined, {diagnostics}: Invocation): Promise<boolean> {
	if (own === undefined) return true;
	if (run === undefined) {
		diagnostics.info('no orchestrator runs here now; this is the output so far');
		return false;
	}
	const {id, status} = await client.run(run);
	if (!runEnded(status)) diagnostics.info(`no orchestrator runs here now; this is the output of run ${id} so far`);
	return false;
}

async function printLines(client: Client, invocation: Invocation, query: LinesQuery, attempt: number | undefined): Promise<void> {
	const {flags, output} = invocation;
	// A prefix is looked up once, so that all asks are about the same run.
	const only = query.run === undefined ? undefined : await client.run(query.run);
	const formats = new LineFormats(client, invocation, only === undefined);
	let isEmpty = true;
	for await (const line of client.lines({...query, ...(only && {run: only.id})})) {
		if (attempt !== undefined && line.attempt !== attempt) continue;
		isEmpty = false;
		output.write(flags.json === true ? `${JSON.stringify(line)}\n` : (await formats.of(line.run)).line(line));
		await output.ready();
	}
	if (!isEmpty || flags.json === true) return;
	const {agent, since, grep, task} = query;
	const isChosen = [agent, since, grep, task, attempt].some(chosen => chosen !== undefined);
	invocation.diagnostics.info(isChosen ? 'no line is like that' : `run ${only?.id ?? ''} has printed nothing`);
}

/** How lines of each run look: with columns as wide as the names of its tasks. */
class LineFormats {
	readonly #client: Client;
	readonly #invocation: Invocation;
	readonly #manyRuns: boolean;
	readonly #known = new Map<RunId, ConsoleFormat>();

	constructor(client: Client, invocation: Invocation, manyRuns: boolean) {
		this.#client = client;
		this.#invocation = invocation;
		this.#manyRuns = manyRuns;
	}

	async of(run: RunId): Promise<ConsoleFormat> {
		const known = this.#known.get(run);
		if (known !== undefined) return known;
		const {config, output} = this.#invocation;
		const style = createStyle({colour: config.colour.out, unicode: config.unicode, columns: output.columns});
		const {tasks} = await this.#client.run(run);
		const format = new ConsoleFormat({style, run, manyRuns: this.#manyRuns, taskNames: tasks.map(({name}) => name)});
		this.#known.set(run, format);
		return format;
	}
}

/** The run that has a task's output: another one, where a retry kept its result. */
async function placeOfOutput(client: Client, run: string, task: string, {diagnostics}: Invocation): Promise<string> {
	const {id, tasks} = await client.run(run);
	const found = findTask(tasks, task);
	if (found?.takenFrom === undefined) return id;
	diagnostics.info(`run ${id} kept the result of ${found.name} from run ${found.takenFrom}: this is its output there`);
	return found.takenFrom;
}

type Bytes = {readonly run: string; readonly task: string; readonly follow: boolean; readonly attempt?: number};

/** Resolves with whether there were any. */
async function printBytes(client: Client, {output}: Invocation, of: Bytes): Promise<boolean> {
	let hasPrinted = false;
	for await (const bytes of client.taskLog(of)) {
		output.writeBytes(bytes);
		hasPrinted ||= bytes.length > 0;
		await output.ready();
	}
	return hasPrinted;
}

/** That a task has printed nothing, and what is known of it instead: on standard error, so that a file of its output stays empty. */
async function tellSilence(client: Client, run: string, name: string, {diagnostics}: Invocation): Promise<void> {
	const {id, tasks} = await client.run(run);
	const task = findTask(tasks, name);
	if (task === undefined) return;
	const {status, attempts} = task;
	const outcome = attempts.at(-1)?.outcome;
	const why = because(status, printable(whyOf({...task, ...(outcome && {outcome})}), false));
	diagnostics.info(`task ${printable(task.name, false)} of run ${id} has printed nothing (${why})`);
}

/** The task of this name, else of this index. */
function findTask<Task extends {readonly name: string; readonly task: number}>(tasks: readonly Task[], wanted: string): Task | undefined {
	return tasks.find(({name}) => name === wanted) ?? tasks.find(({task: index}) => String(index) === wanted);
}
