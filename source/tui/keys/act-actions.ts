/** What is done to, or about, what is chosen. */
const actActions = [
	'details',
	'why',
	'start',
	'cancel',
	'retry',
	'drain',
	'remove',
	'deploy',
	'shell',
	'pager',
	'save',
	'copy',
	'copy-command',
	'command',
	'attention',
	'previous-attention',
] as const;

export type ActAction = (typeof actActions)[number];

export function isActAction(action: string): action is ActAction {
	return (actActions as readonly string[]).includes(action);
}

const changing: ReadonlySet<string> = new Set(['start', 'retry', 'drain', 'remove', 'deploy', 'shell', 'cancel']);

/** Whether it changes something that others see, too: not for a screen that is only to be looked at. */
export function isChanging(action: string): boolean {
	return changing.has(action);
}
