import {readdirSync} from 'node:fs';
import type {Config} from '../config.ts';
import {readConfig, settingsPath} from '../config.ts';
import {printable} from '../text/printable.ts';
import type {Invocation, Run} from './command.ts';
import {findOrchestrator} from './orchestrators.ts';
import {readSettings} from './settings.ts';
import type {Candidate, Wanted} from './words/candidates.ts';
import {candidatesFor} from './words/candidates.ts';
import {optionOf} from './words/option-words.ts';
import type {OptionName} from './words/options.ts';

/** Whoever pressed the tabulator waits no longer for an orchestrator. */
const patienceMs = 2000;
const mostRuns = 100;
/** Words that no shell reads as anything but themselves; others are left for people to quote. */
const plainWord = /^[\w@%+:,./~=-]+$/;

/**
 * `byoai __complete -- <word>...`: what may stand for the last word, one candidate a line: the word, and after a tabulator what it
 * means; `:files` stands for the names of files. What cannot be found out is left out: nobody who types wants to read about it.
 */
export const complete: Run = async invocation => {
	const {operands, output, commands} = invocation;
	const typed = operands.at(-1) ?? '';
	const {known, wanted} = candidatesFor(operands, commands);
	const found = wanted === undefined ? [] : await within(patienceMs, lookUp(wanted, invocation));
	const lines = [...known, ...found].filter(({word}) => word.startsWith(typed) && plainWord.test(word)).map(lineOf);
	if (wanted?.what === 'file' || wanted?.what === 'workflow') lines.push(':files');
	output.write(lines.map(line => `${line}\n`).join(''));
	return 0;
};

function lineOf({word, help}: Candidate): string {
	return help === undefined ? word : `${word}\t${printable(help, false).replaceAll('\t', ' ')}`;
}

async function within(ms: number, found: Promise<Candidate[]>): Promise<Candidate[]> {
	const late = Promise.withResolvers<Candidate[]>();
	const timer = setTimeout(() => late.resolve([]), ms);
	try {
		return await Promise.race([found, late.promise]);
	} catch {
		return []; // no orchestrator, no such run, a wrong token: there is nothing to offer
	} finally {
		clearTimeout(timer);
	}
}

async function lookUp({what, run = 'latest'}: Wanted, invocation: Invocation): Promise<Candidate[]> {
	if (what === 'file') return [];
	const config = configOf(invocation);
	if (what === 'workflow') return workflowFiles(config);
	const {client, close} = await findOrchestrator({...invocation, config}, 'reader');
	try {
		switch (what) {
			case 'agent':
				return (await client.agents()).map(({id, type, status}) => ({word: id, help: `${type}, ${status}`}));
			case 'task':
				return (await client.run(run)).tasks.map(({name, status}) => ({word: name, help: status}));
			case 'run': {
				const runs = await client.runs({limit: mostRuns});
				return [
					{word: 'latest', help: 'the newest run'},
					...runs.map(({id, workflow, status}) => ({word: id, help: `${workflow}, ${status}`})),
				];
			}
		}
	} finally {
		await close();
	}
}

/** Those of the workflow directory; a shell knows those that are here. */
function workflowFiles({workflowDir}: Config): Candidate[] {
	return readdirSync(workflowDir)
		.filter(name => /\.(?:ya?ml|json)$/.test(name))
		.map(word => ({word, help: `in ${workflowDir}`}));
}

/** Where the line that is being typed says its orchestrator is. */
function configOf({operands, config: {environment}}: Invocation): Config {
	const saidOf = (name: OptionName) => {
		const at = operands.findLastIndex(word => optionOf(word.replace(/=.*/s, '')) === name);
		const [, value = operands[at + 1]] = /^--[^=]+=(.+)$/s.exec(operands[at] ?? '') ?? [];
		return at < 0 ? undefined : value || undefined;
	};
	const given = {url: saidOf('url'), token: saidOf('token'), stateDir: saidOf('stateDir'), port: saidOf('port')};
	const flags = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
	return readConfig({flags, settings: readSettings(settingsPath(environment)), environment, terminal: {out: false, err: false}});
}
