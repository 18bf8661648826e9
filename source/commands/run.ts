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
export const runDefault: Run = invocation => runOnce(invocation, invocation.flags.workflow, wantsScreen(invocation), false);

/** `byoai run <file>`: hands it to the orchestrator that the other commands ask, where one is named. */
export const runFile: Run = invocation => runOnce(invocation, invocation.operands[0], false, true);

async function runOnce(invocation: Invocation, name: string | undefined, onScreen: boolean, asks: boolean): Promise<number> {
	const {flags, output} = invocation;
	const prepared = prepare(namedSource(name, invocation), invocation);
	if (prepared === undefined) return wrongUsage;
	if (flags.dryRun === true) {
		const {text, json} = prepared.plan();
		output.write(flags.json === true ? json : text);
		return 0;
	}
	const {request} = prepared;
	const how = {open: () => open(invocation, asks), begin: (access: Access) => submit(access, request, invocation)};
	return onScreen ? beginOnScreen(how, invocation) : beginAndFollow(how, invocation);
}

/**
 * Where a workflow is run: here, unless the command line says otherwise. `asks`: a variable or the settings file may say it, too, as they do for
 * `ps` and `logs`, which would else not find the run. To `byoai -f`, the program itself, they say nothing; it tells so.
 */
async function open(invocation: Invocation, asks: boolean): Promise<Access> {
	const {flags, config, diagnostics} = invocation;
	if (config.url !== undefined && (asks || flags.url !== undefined)) return remote(config, config.url);
	const access = await openOrJoin(invocation, 'once');
	if (config.url !== undefined && access.client.url !== config.url) {
		diagnostics.info(`this runs here, not at ${config.url} (${config.told.url}): \`byoai run\` or --url hands a workflow to that one`);
	}
	return access;
}

async function submit({client, own}: Access, request: RunRequest, {diagnostics, config}: Invocation) {
	const submitted = await client.submitRun(request);
	if (own === undefined) {
		const whose = client.url === config.url ? 'and its' : 'which has this state directory; its';
		diagnostics.info(`the run goes to the orchestrator at ${client.url}, ${whose} tasks see that one's environment`);
	}
	return submitted;
}
