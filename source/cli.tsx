import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {main} from './commands/main.ts';
import {processEnvironment} from './config.ts';

const status = await main(process.argv.slice(2), processEnvironment(), {
	agentProgram: [process.execPath, join(dirname(fileURLToPath(import.meta.url)), 'agent.js')],
	stdout: process.stdout,
	stderr: process.stderr,
	signals: process,
});
process.exit(status);
