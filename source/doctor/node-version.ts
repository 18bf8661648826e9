import type {Check} from './check.ts';
import {ok, problem} from './check.ts';

/** Whether the Node that runs this is one on which everything else was tried. */
export const nodeVersion: Check = {
	name: 'node',
	find: async ({node: {version, path, neededMajor}}) => {
		const major = Number.parseInt(version.replace(/^v/, ''), 10);
		if (major >= neededMajor) return [ok(`Node ${version} (${path}).`)];
		return [
			problem(`Node ${version} (${path}) is too old.`, `install Node ${neededMajor} or newer, or \`npm install --include=optional\``),
		];
	},
};
