import type {Client} from '../client/client.ts';
import {ByoaiError} from '../model/error.ts';
import {runEnded} from '../model/run.ts';
import type {Invocation, Run} from './command.ts';
import {ConsoleFormat} from './console-format.ts';
import {createStyle} from './console-style.ts';
import type {Flags} from './options.ts';
import type {Access} from './orchestrators.ts';
import {findOrchestrator} from './orchestrators.ts';

/** `byoai logs [run] [task]`: lines of a run, or the bytes that one task printed. */
export const logs: Run = async invocation => {
	const {operands, flags} = invocation;
	const [run = 'latest', task] = operands;
	if (flags.attempt !== undefined && task === undefined)
		throw new ByoaiError('usage', '--attempt is for one task: byoai logs <run> <task> --attempt 2');
	const access = await findOrchestrator(invocation, 'reader');
	try {
		const follow = flags.follow === true && (await canFollow(access, run, invocation));
		if (task === undefined || flags.json === true)
			await printLines(access.client, invocation, {run, follow, ...(task !== undefined && {task})});
		else await printBytes(access.client, invocation, {run, task, follow});
	} finally {
		await access.close();
	}
	return 0;
};

/** Where nobody runs the runs there is nothing to wait for, and the state directory must not be kept from whoever starts. */
async function canFollow({client, own}: Access, run: string, {diagnostics}: Invocation): Promise<boolean> {
	if (own === undefined) return true;
	const {id, status} = await client.run(run);
	if (!runEnded(status)) diagnostics.info(`no orchestrator runs here now; this is the output of run ${id} so far`);
	return false;
}

type LinesQuery = {readonly run: string; readonly task?: string; readonly follow: boolean};

async function printLines(client: Client, {flags, config, output}: Invocation, query: LinesQuery): Promise<void> {
	const {id, tasks} = await client.run(query.run);
	const style = createStyle({colour: config.colour.out, unicode: config.unicode, columns: output.columns});
	const format = new ConsoleFormat({style, run: id, taskNames: tasks.map(({name}) => name)});
	const attempt = attemptOf(flags);
	for await (const line of client.lines({...query, run: id})) {
		if (attempt !== undefined && line.attempt !== attempt) continue;
		output.write(flags.json === true ? `${JSON.stringify(line)}\n` : format.line(line));
		await output.ready();
	}
}

async function printBytes(client: Client, {flags, output}: Invocation, of: {run: string; task: string; follow: boolean}): Promise<void> {
	const attempt = attemptOf(flags);
	for await (const bytes of client.taskLog({...of, ...(attempt !== undefined && {attempt})})) {
		output.writeBytes(bytes);
		await output.ready();
	}
}

function attemptOf({attempt}: Flags): number | undefined {
	if (attempt === undefined || /^[1-9]\d{0,8}$/.test(attempt)) return attempt === undefined ? undefined : Number(attempt);
	throw new ByoaiError('usage', `--attempt must be a number from 1 on, not ${JSON.stringify(attempt)}`);
}
