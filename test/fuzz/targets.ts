/** What is fuzzed, by the names that the command and its messages use. */
export const targets = [
	'workflow',
	'expressions',
	'params',
	'messages',
	'exchange',
	'session',
	'agent-api',
	'agent-socket',
	'streams',
	'routes',
	'socket',
	'journal',
	'state-directory',
	'log-files',
] as const;

export type Target = (typeof targets)[number];
