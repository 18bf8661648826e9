import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {main} from './commands/main.ts';
import {processEnvironment} from './config.ts';

const environment = processEnvironment();
// What a library does that a later Node will not have is a matter for its authors, not for who runs a workflow.
process.noDeprecation = !environment.BYOAI_DEBUG;
const directory = dirname(fileURLToPath(import.meta.url));
const status = await main(process.argv.slice(2), environment, {
	// A fork costs what the forking process has in memory: with a small young generation an agent starts tasks faster.
	agentProgram: [process.execPath, '--max-semi-space-size=1', join(directory, 'agent.js')],
	stdin: () => process.stdin,
	stdout: process.stdout,
	stderr: process.stderr,
	signals: process,
});
process.exit(status);
