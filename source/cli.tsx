import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {main} from './commands/main.ts';
import {processEnvironment} from './config.ts';

const directory = dirname(fileURLToPath(import.meta.url));
const status = await main(process.argv.slice(2), processEnvironment(), {
	// A fork costs what the forking process has in memory: with a small young generation an agent starts tasks faster.
	agentProgram: [process.execPath, '--max-semi-space-size=1', join(directory, 'agent.js')],
	stdin: () => process.stdin,
	stdout: process.stdout,
	stderr: process.stderr,
	signals: process,
});
process.exit(status);
