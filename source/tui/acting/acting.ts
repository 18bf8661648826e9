import {nextAttention} from '../attention.ts';
import type {Lists} from '../data/lists.ts';
import type {Snapshot} from '../data/snapshot.ts';
import type {ActAction} from '../keys/act-actions.ts';
import type {Subject} from '../layer.ts';
import {deployForm} from '../layers/form.ts';
import {commandLines, nameOf, subjectOf} from '../subject.ts';
import type {Effect, ListPane, Ui} from '../ui.ts';
import type {LinesOf} from './acts.ts';
import {askCancel, askDrain, askRemove, askRetry} from './asking.ts';

/** What acting may look at. */
export type ActSight = {readonly snapshot: Snapshot; readonly lists: Lists; readonly heights: Readonly<Record<ListPane, number>>};
export type Acted = {readonly ui: Ui; readonly effect?: Effect};

/** What such an action makes of what is shown, and what is to be done about it. Pure. */
export function act(ui: Ui, action: ActAction, sight: ActSight): Acted {
	const subject = subjectOf(ui, sight.lists);
	switch (action) {
		case 'start':
			return {ui: {...ui, layer: {kind: 'picker', filter: '', at: 0}}, effect: {type: 'errand', errand: {type: 'workflows'}}};
		case 'deploy':
			return {ui: {...ui, layer: deployForm()}};
		case 'command':
			return {ui: {...ui, layer: {kind: 'command', text: ''}}};
		case 'attention':
			return {ui: nextAttention(ui, 1, sight)};
		case 'previous-attention':
			return {ui: nextAttention(ui, -1, sight)};
		case 'cancel': {
			const run = subject?.kind === 'run' ? subject.run : snapshotRun(sight);
			const row = sight.snapshot.runs.find(({id}) => id === run);
			return row === undefined ? nothing(ui, 'there is no run here') : {ui: askCancel(ui, row)};
		}
		case 'pager':
		case 'save': {
			const lines = linesOf(ui, sight);
			return lines === undefined ? nothing(ui, 'there is no output here') : {ui, effect: {type: 'errand', errand: {type: action, lines}}};
		}
	}
	if (action === 'copy' && ui.pane === 'logs' && ui.layer === undefined) return {ui, effect: {type: 'errand', errand: {type: 'copy-line'}}};
	if (subject === undefined) return nothing(ui, 'nothing is chosen here');
	return actOn(ui, action, subject, sight);
}

type SubjectAction = Exclude<ActAction, 'cancel' | 'start' | 'deploy' | 'command' | 'attention' | 'previous-attention' | 'pager' | 'save'>;

function actOn(ui: Ui, action: SubjectAction, subject: Subject, sight: ActSight): Acted {
	switch (action) {
		case 'details':
			return {ui: {...ui, layer: {kind: 'detail', of: subject, top: 0}}};
		case 'why':
			if (subject.kind !== 'task') return nothing(ui, 'only tasks wait: choose one');
			return {ui, effect: {type: 'errand', errand: {type: 'why', run: subject.run, task: subject.task}}};
		case 'copy':
			return {ui, effect: {type: 'errand', errand: {type: 'copy', text: nameOf(subject), what: nameOf(subject)}}};
		case 'copy-command': {
			const [line = ''] = commandLines(subject);
			return {ui, effect: {type: 'errand', errand: {type: 'copy', text: line, what: line}}};
		}
		case 'retry':
			return subject.kind === 'agent' ? nothing(ui, 'tasks and runs are retried: choose one') : {ui: askRetry(ui, subject, sight)};
		case 'drain':
			return subject.kind === 'agent' ? {ui: askDrain(ui, subject.agent)} : nothing(ui, 'agents are drained: choose one');
		case 'remove':
			return subject.kind === 'agent' ? {ui: askRemove(ui, subject.agent, sight)} : nothing(ui, 'agents are removed: choose one');
		case 'shell':
			if (subject.kind !== 'agent') return nothing(ui, 'agents have shells: choose one');
			return {ui, effect: {type: 'errand', errand: {type: 'shell', agent: subject.agent}}};
	}
}

export function nothing(ui: Ui, text: string): Acted {
	return {ui: {...ui, message: {text, isError: false}}};
}

function snapshotRun({snapshot}: ActSight): string | undefined {
	return snapshot.run?.id;
}

/** Whose output is meant: what the log pane shows, where one is in it; else that of what is chosen. */
function linesOf(ui: Ui, {snapshot, lists}: ActSight): LinesOf | undefined {
	const run = snapshot.run?.id;
	const ofRun = run === undefined ? undefined : {run, name: run};
	if (ui.pane === 'logs' && ui.layer === undefined) {
		const {source} = ui;
		if (source?.kind === 'all') return {name: 'all'};
		if (source === undefined || (source.kind !== 'task' && source.kind !== 'agent' && source.kind !== 'run')) return ofRun;
	}
	const subject = subjectOf(ui, lists);
	switch (subject?.kind) {
		case 'task': {
			const {run: of, task, name} = subject;
			// What was kept of another run was printed there.
			const row = snapshot.tasks.find(one => one.run === of && one.task === task);
			return {run: row?.takenFrom ?? of, task, name: `${of}-${name}`};
		}
		case 'agent':
			return {agent: subject.agent, name: subject.agent};
		case 'run':
			return {run: subject.run, name: subject.run};
		default:
			return ofRun;
	}
}
