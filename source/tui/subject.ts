import type {Lists} from './data/lists.ts';
import {idsOf} from './data/lists.ts';
import type {Subject} from './layer.ts';
import type {ListPane, Ui} from './ui.ts';

/** What keys act on now: what is open, else the chosen row, else what the output is of. Undefined: there is nothing. */
export function subjectOf(ui: Ui, lists: Lists): Subject | undefined {
	const {layer, pane, source} = ui;
	if (layer?.kind === 'detail') return layer.of;
	if (pane !== 'logs') return chosen(ui, pane === 'agents' || pane === 'runs' ? pane : 'tasks', lists);
	switch (source?.kind) {
		case 'task':
			return source;
		case 'agent':
			return source;
		case 'run':
			return source;
		default:
			return chosen(ui, ui.list === 'agents' || ui.list === 'runs' ? ui.list : 'tasks', lists);
	}
}

function chosen({places}: Ui, pane: ListPane, lists: Lists): Subject | undefined {
	const at = Math.max(0, idsOf(lists, pane).indexOf(places[pane].chosen ?? ''));
	switch (pane) {
		case 'agents': {
			const agent = lists.agents[at]?.id;
			return agent === undefined ? undefined : {kind: 'agent', agent};
		}
		case 'runs': {
			const run = lists.runs[at]?.id;
			return run === undefined ? undefined : {kind: 'run', run};
		}
		case 'tasks': {
			const row = lists.tasks[at];
			return row === undefined ? undefined : {kind: 'task', run: row.run, task: row.task, name: row.name};
		}
	}
}

/** How a person would name it. */
export function nameOf(subject: Subject): string {
	switch (subject.kind) {
		case 'task':
			return subject.name;
		case 'agent':
			return subject.agent;
		case 'run':
			return subject.run;
	}
}

/** The same on a command line, quoted for a shell where it must be. */
export function shellWord(text: string): string {
	return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Command lines that show the same, or do more with it. */
export function commandLines(subject: Subject): readonly string[] {
	switch (subject.kind) {
		case 'task': {
			const [run, task] = [subject.run, shellWord(subject.name)];
			return [`byoai logs ${run} ${task}`, `byoai retry ${run} --from ${task}`, `byoai retry ${run} --only ${task}`];
		}
		case 'agent': {
			const agent = shellWord(subject.agent);
			return [`byoai agents ${agent}`, `byoai logs --agent ${agent}`, `byoai drain ${agent}`, `byoai remove ${agent}`];
		}
		case 'run':
			return [`byoai logs ${subject.run}`, `byoai retry ${subject.run}`, `byoai cancel ${subject.run}`, `byoai graph ${subject.run}`];
	}
}
