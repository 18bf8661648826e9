import type {Client} from '../client/client.ts';
import {ByoaiError} from '../model/error.ts';
import type {Invocation, Run} from './command.ts';
import {ConsoleFormat} from './console-format.ts';
import {createStyle} from './console-style.ts';
import type {Flags} from './options.ts';
import {findOrchestrator} from './orchestrators.ts';

/** `byoai logs [run] [task]`: lines of a run, or the bytes that one task printed. */
export const logs: Run = async invocation => {
	const {operands, flags} = invocation;
	const [run = 'latest', task] = operands;
	if (flags.attempt !== undefined && task === undefined)
		throw new ByoaiError('usage', '--attempt is for one task: byoai logs <run> <task> --attempt 2');
	const {client, close} = await findOrchestrator(invocation, 'reader');
	try {
		if (task === undefined || flags.json === true) await printLines(client, invocation, {run, ...(task !== undefined && {task})});
		else await printBytes(client, invocation, {run, task});
	} finally {
		await close();
	}
	return 0;
};

async function printLines(client: Client, {flags, config, output}: Invocation, query: {run: string; task?: string}): Promise<void> {
	const {id, tasks} = await client.run(query.run);
	const style = createStyle({colour: config.colour.out, unicode: config.unicode});
	const format = new ConsoleFormat({style, run: id, taskNames: tasks.map(({name}) => name)});
	const attempt = attemptOf(flags);
	for await (const line of client.lines({...query, run: id, follow: flags.follow === true})) {
		if (attempt !== undefined && line.attempt !== attempt) continue;
		output.write(flags.json === true ? `${JSON.stringify(line)}\n` : format.line(line));
		await output.ready();
	}
}

async function printBytes(client: Client, {flags, output}: Invocation, of: {run: string; task: string}): Promise<void> {
	const attempt = attemptOf(flags);
	for await (const bytes of client.taskLog({...of, follow: flags.follow === true, ...(attempt !== undefined && {attempt})})) {
		output.writeBytes(bytes);
		await output.ready();
	}
}

function attemptOf({attempt}: Flags): number | undefined {
	if (attempt === undefined || /^[1-9]\d{0,8}$/.test(attempt)) return attempt === undefined ? undefined : Number(attempt);
	throw new ByoaiError('usage', `--attempt must be a number from 1 on, not ${JSON.stringify(attempt)}`);
}
