import type {RunRow} from '../../protocol/views.ts';
import {plural} from '../../text/spans.ts';
import type {Dialog, Role} from '../ui.ts';

/** What becomes of what goes on, asked when somebody wants to leave. */
export function leaveDialog(role: Role, active: readonly RunRow[]): Dialog {
	const [run] = active;
	const stay = {key: 's', label: 'stay'};
	if (role === 'manager') {
		return {
			title: 'Stop the manager?',
			text: [
				active.length === 0 ? 'No run goes on.' : `${plural(active.length, 'run')} not ended: the next start goes on with what is left.`,
			],
			choices: [
				{key: 'y', label: 'stop it', effect: {type: 'leave', how: 'quit'}},
				{key: 'd', label: 'detach: go on as a log', effect: {type: 'leave', how: 'detach'}},
				stay,
			],
			at: 2,
			isAboutRuns: true,
		};
	}
	if (role === 'client') {
		return {
			title: 'Leave?',
			text: ['The orchestrator goes on without this screen.'],
			choices: [{key: 'y', label: 'leave', effect: {type: 'leave', how: 'quit'}}, stay],
			at: 0,
		};
	}
	const what = active.length === 1 && run !== undefined ? `Run ${run.id} (${run.workflow})` : plural(active.length, 'run');
	return {
		title: active.length === 0 ? 'Leave?' : `${what} still ${active.length === 1 ? 'goes' : 'go'} on`,
		text: active.length === 0 ? [] : ['Cancelling stops what runs. Detached, it goes on and its log is printed here.'],
		choices: [
			...(active.length === 0
				? [{key: 'y', label: 'leave', effect: {type: 'leave', how: 'quit'} as const}]
				: [
						{key: 'c', label: 'cancel', effect: {type: 'leave', how: 'cancel'} as const},
						{key: 'd', label: 'detach', effect: {type: 'leave', how: 'detach'} as const},
					]),
			stay,
		],
		at: active.length === 0 ? 0 : 2,
		isAboutRuns: true,
	};
}

/** The same question when other runs go on than when it was asked: what stands there is true, and what was chosen stays so if it can. */
export function leaveDialogNow(dialog: Dialog, role: Role, active: readonly RunRow[]): Dialog {
	const next = leaveDialog(role, active);
	if (next.title === dialog.title && next.text.join() === dialog.text.join()) return dialog;
	const keys = (choices: Dialog['choices']) => choices.map(({key}) => key).join();
	return keys(next.choices) === keys(dialog.choices) ? {...next, at: dialog.at} : next;
}
