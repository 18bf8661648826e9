import type {RunRequest} from '../client/queries.ts';
import type {Invocation, Run} from './command.ts';
import {wrongUsage} from './exit-status.ts';
import {beginAndFollow} from './follow-run.ts';
import type {Access} from './orchestrators.ts';
import {openOrJoin, remote} from './orchestrators.ts';
import {beginOnScreen} from './run-on-screen.ts';
import {wantsScreen} from './screen.ts';
import {namedSource, prepare} from './submission.ts';

/** `byoai [-f <file>]`: runs a workflow on a screen until somebody leaves it, or, where there is none, to its end. */
export const runDefault: Run = invocation => runOnce(invocation, invocation.flags.workflow, wantsScreen(invocation));

/** `byoai run <file>` */
export const runFile: Run = invocation => runOnce(invocation, invocation.operands[0], false);

async function runOnce(invocation: Invocation, name: string | undefined, onScreen: boolean): Promise<number> {
	const {flags, output} = invocation;
	const prepared = prepare(namedSource(name, invocation), invocation);
	if (prepared === undefined) return wrongUsage;
	if (flags.dryRun === true) {
		const {text, json} = prepared.plan();
		output.write(flags.json === true ? json : text);
		return 0;
	}
	const {request} = prepared;
	const how = {open: () => open(invocation), begin: (access: Access) => submit(access, request, invocation)};
	return onScreen ? beginOnScreen(how, invocation) : beginAndFollow(how, invocation);
}

/** A workflow is run here unless the command line itself says where else: a variable is for those who ask. */
async function open(invocation: Invocation): Promise<Access> {
	const {flags, config} = invocation;
	return flags.url !== undefined && config.url !== undefined ? remote(config, config.url) : openOrJoin(invocation, 'once');
}

async function submit({client, own}: Access, request: RunRequest, {diagnostics, flags}: Invocation) {
	const submitted = await client.submitRun(request);
	if (own === undefined) {
		const whose = flags.url === undefined ? 'which has this state directory; its' : 'and its';
		diagnostics.info(`the run goes to the orchestrator at ${client.url}, ${whose} tasks see that one's environment`);
	}
	return submitted;
}
