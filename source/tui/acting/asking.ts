import {runEnded} from '../../model/run.ts';
import type {RunRow} from '../../protocol/views.ts';
import type {Snapshot} from '../data/snapshot.ts';
import type {Subject} from '../layer.ts';
import type {Choice, Effect, Ui} from '../ui.ts';
import type {Again} from './acts.ts';

/** Asks before a run is cancelled; says so where it has ended. */
export function askCancel(ui: Ui, {id, status, workflow}: Pick<RunRow, 'id' | 'status' | 'workflow'>): Ui {
	if (runEnded(status)) return {...ui, message: {text: `run ${id} has ended: ${status}`, isError: false}};
	return {
		...ui,
		dialog: {
			title: `Cancel run ${id}?`,
			text: [`${workflow}: what runs is stopped, what has not started never will. That is final.`],
			choices: [
				{key: 'y', label: 'cancel it', effect: {type: 'cancel-run', run: id}},
				{key: 'n', label: 'let it go on'},
			],
			at: 1,
		},
	};
}

type AskSight = {readonly snapshot: Snapshot};

/** Which of its tasks run again; each choice shows first what that would be. */
export function askRetry(ui: Ui, subject: Exclude<Subject, {kind: 'agent'}>, {snapshot}: AskSight): Ui {
	const {run} = subject;
	const row = snapshot.runs.find(({id}) => id === run);
	if (row !== undefined && !runEnded(row.status)) {
		return {...ui, message: {text: `run ${run} goes on: cancel it first, or wait for its end`, isError: true}};
	}
	const plan = (choice: Again): Effect => ({type: 'errand', errand: {type: 'plan', run, choice}});
	const choices: Choice[] = [
		{key: 'f', label: 'what did not succeed', effect: plan({})},
		...(subject.kind === 'task'
			? [
					{key: 'h', label: 'from here on', effect: plan({from: subject.name})},
					{key: 'o', label: 'only this task', effect: plan({only: subject.name})},
				]
			: []),
		{key: 'n', label: 'nothing'},
	];
	const about = subject.kind === 'task' ? `From task ${subject.name} on, or something else?` : 'What did not succeed, or nothing?';
	return {...ui, dialog: {title: `Retry run ${run}?`, text: [about, 'Before anything starts you see what would run.'], choices, at: 0}};
}

export function askDrain(ui: Ui, agent: string): Ui {
	const effect: Effect = {type: 'act', act: {type: 'drain', agent}};
	return {
		...ui,
		dialog: {
			title: `Drain agent ${agent}?`,
			text: ['It finishes what it runs and gets nothing more. Deploying or registering it again ends that.'],
			choices: [
				{key: 'y', label: 'drain it', effect},
				{key: 'n', label: 'let it be'},
			],
			at: 1,
		},
	};
}

export function askRemove(ui: Ui, agent: string, {snapshot}: AskSight): Ui {
	const used = snapshot.agents.find(({id}) => id === agent)?.used ?? 0;
	const text =
		used === 0
			? 'It runs nothing now.'
			: `It runs ${used === 1 ? 'a task, which is' : `${used} tasks, which are`} lost with it, and tried again where that is permitted.`;
	const effect: Effect = {type: 'act', act: {type: 'remove', agent, force: used > 0}};
	return {
		...ui,
		dialog: {
			title: `Remove agent ${agent}?`,
			text: [text, 'One that was deployed is stopped; one that registered is forgotten.'],
			choices: [
				{key: 'y', label: used === 0 ? 'remove it' : 'remove it anyway', effect},
				{key: 'n', label: 'keep it'},
			],
			at: 1,
		},
	};
}
