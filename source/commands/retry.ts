import type {RetryChoice} from '../client/queries.ts';
import {ByoaiError} from '../model/error.ts';
import type {RetryPlan} from '../protocol/views.ts';
import {formatTable} from '../text/columns.ts';
import {printable} from '../text/printable.ts';
import type {Look} from '../text/style.ts';
import {createStyle} from '../text/style.ts';
import type {Invocation, Run} from './command.ts';
import {beginAndFollow} from './follow-run.ts';
import {findOrchestrator} from './orchestrators.ts';
import type {Flags} from './words/options.ts';

/**
 * `byoai retry <run>`: what did not succeed runs again, in a new run that is followed to its end. Where no orchestrator runs, one in this
 * process runs it.
 */
export const retry: Run = async invocation => {
	const {operands, flags} = invocation;
	const [name = ''] = operands;
	const choice = choiceOf(flags);
	if (flags.dryRun === true) return tellPlan(name, choice, invocation);
	if (flags.detach === true) return startOnly(name, choice, invocation);
	return beginAndFollow(
		{
			open: () => findOrchestrator(invocation, 'once'),
			async begin({client}) {
				return {run: await client.retryRun(name, choice), resumed: false};
			},
		},
		invocation,
	);
};

function choiceOf({failed, from, only}: Flags): RetryChoice {
	const given = [failed === true && '--failed', from !== undefined && '--from', only !== undefined && '--only'].filter(Boolean);
	if (given.length > 1) throw new ByoaiError('usage', `${given.join(' and ')} cannot be combined. See: byoai retry --help`);
	return {...(from !== undefined && {from}), ...(only !== undefined && {only})};
}

async function tellPlan(name: string, choice: RetryChoice, invocation: Invocation): Promise<number> {
	const {flags, config, output} = invocation;
	const {client, close} = await findOrchestrator(invocation, 'reader');
	try {
		const planned = await client.planRetry(name, choice);
		output.write(
			flags.json === true
				? `${JSON.stringify(planned, undefined, 2)}\n`
				: formatRetry(planned, {colour: config.colour.out, unicode: config.unicode}),
		);
	} finally {
		await close();
	}
	return 0;
}

/** Only an orchestrator that stays can go on with a run that nobody follows. */
async function startOnly(name: string, choice: RetryChoice, invocation: Invocation): Promise<number> {
	const {flags, output} = invocation;
	const {client} = await findOrchestrator(invocation);
	const run = await client.retryRun(name, choice);
	output.write(flags.json === true ? `${JSON.stringify(run, undefined, 2)}\n` : `${run.id}\n`);
	return 0;
}

const actions = {run: 'runs', keep: 'is kept', skip: 'is left out'};

/** What a retry would do, task by task. */
function formatRetry({retryOf, tasks}: RetryPlan, look: Look): string {
	const style = createStyle(look);
	const count = tasks.filter(({action}) => action === 'run').length;
	const rows = tasks.map(({name, action}) => {
		const line = [printable(name, false), actions[action]];
		return action === 'run' ? line : line.map(style.dim);
	});
	return [
		`a retry of run ${retryOf} runs ${count} of ${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}`,
		...formatTable(rows).map(row => `  ${row}`),
		'',
	].join('\n');
}
