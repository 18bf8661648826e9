import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {parseArgs} from 'node:util';
import {targets} from './targets.ts';

const usage = `npm run fuzz -- [--minutes 5] [--seed 1] [--target NAME]

Tries values that nobody should send, from the given seed on, for so long in all. Exit status 1: something broke; the command that
repeats it is printed. With --minutes 0 the values of this one seed are tried.
Targets: ${targets.join(' ')}`;

const {values} = parseArgs({
	options: {
		minutes: {type: 'string', default: '5'},
		seed: {type: 'string', default: '1'},
		target: {type: 'string'},
		help: {type: 'boolean', short: 'h', default: false},
	},
});
const minutes = Number(values.minutes);
const isKnown = values.target === undefined || targets.some(target => target === values.target);

if (values.help || !isKnown || !(minutes >= 0) || !Number.isSafeInteger(Number(values.seed))) {
	console.log(usage);
	process.exitCode = values.help ? 0 : 2;
} else {
	const milliseconds = Math.round((minutes * 60_000) / (values.target === undefined ? targets.length : 1));
	const child = spawn('vitest', ['run', 'test/fuzz', '--maxWorkers=1', '--bail=1', '--reporter=verbose'], {
		stdio: 'inherit',
		env: {
			...process.env,
			FUZZ_MILLISECONDS: String(milliseconds),
			FUZZ_SEED: values.seed,
			...(values.target !== undefined && {FUZZ_TARGET: values.target}),
		},
	});
	const [status] = await once(child, 'exit');
	process.exitCode = status ?? 1;
}
