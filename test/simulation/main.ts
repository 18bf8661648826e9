import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {findMutant, mutants} from './mutants.ts';
import {mutate} from './mutate.ts';

const usage = `npm run sim -- [--seeds 500] [--seed 0] [--trace] [--mutant NAME [--until-caught] | --mutants]

Lives through so many simulated worlds, the first with the given seed. Exit status 1: one of them failed.
--trace         prints what happens in them
--mutant NAME   with one rule of the product broken: the seed that is known to show it comes first;
                exit status 1 when no world shows it
--until-caught  no further world once it has shown
--mutants       all mutants, each in a process of its own`;

/** Mutants at once: each process keeps a core busy. */
const mutantsAtOnce = 2;

type Options = {seeds: number; seed: number; trace: boolean; untilCaught: boolean};

async function main(): Promise<number> {
	const {values} = parseArgs({
		options: {
			seeds: {type: 'string', default: '500'},
			seed: {type: 'string', default: '0'},
			trace: {type: 'boolean', default: false},
			mutant: {type: 'string'},
			'until-caught': {type: 'boolean', default: false},
			mutants: {type: 'boolean', default: false},
			help: {type: 'boolean', short: 'h', default: false},
		},
	});
	const options = {seeds: Number(values.seeds), seed: Number(values.seed), trace: values.trace, untilCaught: values['until-caught']};
	if (values.help || !Number.isSafeInteger(options.seeds) || !Number.isSafeInteger(options.seed)) {
		console.log(usage);
		return values.help ? 0 : 2;
	}
	if (values.mutants) return runMutants(options);
	return values.mutant === undefined ? runSound(options) : runMutant(values.mutant, options);
}

async function runSound(options: Options): Promise<number> {
	const begun = performance.now();
	const {runSeeds} = await import('./seeds.ts');
	const {failures, worlds, ...sums} = await runSeeds({
		seeds: range(options.seed, options.seeds),
		...(options.trace && {trace: console.log}),
	});
	for (const [seed, error] of failures) {
		console.log(`seed ${seed}: ${options.trace ? error.stack : error.message}`);
		console.log(`repeat it with: npm run sim -- --seeds 1 --seed ${seed} --trace`);
	}
	const seconds = (performance.now() - begun) / 1000;
	console.log(
		`${worlds} worlds, ${failures.size} failed; ${sums.attempts} attempts, ${sums.journaled} journal entries, ${sums.happenings} happenings;`,
		`${seconds.toFixed(1)} s, ${(worlds / seconds).toFixed(0)} worlds/s`,
	);
	return failures.size > 0 ? 1 : 0;
}

/** The mutation comes before the product is imported. */
async function runMutant(name: string, options: Options): Promise<number> {
	const mutant = findMutant(name);
	const assertDone = mutate(mutant);
	const {runSeeds} = await import('./seeds.ts');
	const trace = options.trace && {trace: console.log};
	const failures = new Map<number, Error>();
	let worlds = 0;
	for (const seeds of [mutant.seed === undefined ? [] : [mutant.seed], range(options.seed, options.seeds)]) {
		if (options.untilCaught && failures.size > 0) break;
		const result = await runSeeds({seeds: seeds.filter(seed => !failures.has(seed)), untilFailure: options.untilCaught, ...trace});
		for (const [seed, error] of result.failures) failures.set(seed, error);
		worlds += result.worlds;
	}
	assertDone();
	const [first] = failures;
	const shown = first === undefined ? 'not caught' : `seed ${first[0]}: ${first[1].message.split('\n')[0]}`;
	console.log(`${name.padEnd(28)} ${String(failures.size).padStart(5)} of ${worlds}  (${mutant.rule})  ${shown}`);
	return failures.size > 0 ? 0 : 1;
}

async function runMutants({seeds, seed, untilCaught}: Options): Promise<number> {
	const queue = mutants.values();
	// Compiling the product's files takes most of a short world's time, and each mutant changes but one of them.
	const cache = mkdtempSync(join(tmpdir(), 'byoai-mutants-'));
	const env = {...process.env, NODE_COMPILE_CACHE: cache};
	let survivors = 0;
	const work = async (): Promise<void> => {
		for (const {name} of queue) {
			const flags = ['--mutant', name, '--seeds', String(seeds), '--seed', String(seed), ...(untilCaught ? ['--until-caught'] : [])];
			const child = spawn(process.execPath, [import.meta.filename, ...flags], {stdio: 'inherit', env});
			const [status] = await once(child, 'exit');
			if (status !== 0) survivors++;
		}
	};
	await Promise.all(Array.from({length: mutantsAtOnce}, work));
	rmSync(cache, {recursive: true, force: true});
	console.log(`${mutants.length} mutants, ${survivors} not caught`);
	return survivors > 0 ? 1 : 0;
}

function range(first: number, count: number): number[] {
	return Array.from({length: count}, (_, index) => first + index);
}

process.exitCode = await main();
