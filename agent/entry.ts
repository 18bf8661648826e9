import {fileURLToPath} from 'node:url';
import {runAgent} from './main.ts';
import {watch, watchdogArgument} from './watchdog.ts';

const [, , argument, directory, instanceDirectory] = process.argv;
if (argument === watchdogArgument && directory !== undefined) await watch(directory, instanceDirectory);
else process.exit(await runAgent(process.env, {program: fileURLToPath(import.meta.url)}));
