import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {parseArgs} from 'node:util';
import {mutants as coreMutants} from './mutants.ts';
import type {Entry, Mutant} from './mutate.ts';
import {importMutated} from './mutate.ts';
import {keptSeeds} from './whole/kept-seeds.ts';
import {wholeMutants} from './whole/mutants.ts';

const usage = `npm run sim -- [--tier 1] [--seeds 500] [--seed 0] [--kept] [--trace] [--mutant NAME... | --mutants] [--until-caught]

Lives through so many simulated worlds, the first with the given seed. Exit status 1: one of them failed.
--tier 1        engine, scheduler, exchanges and agents' sessions, on simulated ports
--tier 2        the product whole, but for sockets and processes: server, journal and logs on files that tear, clients
--kept          of tier 2, the seeds that failed once
--trace         prints what happens in them
--mutant NAME   with one rule of the product broken: the seed that is known to show it comes first;
                the exit status is the number of mutants that no world shows
--until-caught  no further world once it has shown
--mutants       all mutants, shared out among processes`;

/** Processes at once for mutants: each keeps a core busy. */
const processesAtOnce = 2;
/** That Node strips types when it is asked to is experimental; that it does so by itself is not. */
const nodeFlags = ['--disable-warning=ExperimentalWarning'];

type Options = {tier: Tier; seeds: readonly number[]; trace: boolean; untilCaught: boolean};
type Tier = keyof typeof tiers;

const tiers = {
	1: {entry: './seeds.ts', mutants: coreMutants, flags: ''},
	2: {entry: './whole/seeds.ts', mutants: wholeMutants, flags: '--tier 2 '},
} as const satisfies Record<number, {entry: Entry; mutants: readonly Mutant[]; flags: string}>;

async function main(): Promise<number> {
	const {values} = parseArgs({
		options: {
			tier: {type: 'string', default: '1'},
			seeds: {type: 'string', default: '500'},
			seed: {type: 'string', default: '0'},
			kept: {type: 'boolean', default: false},
			trace: {type: 'boolean', default: false},
			mutant: {type: 'string', multiple: true, default: []},
			'until-caught': {type: 'boolean', default: false},
			mutants: {type: 'boolean', default: false},
			help: {type: 'boolean', short: 'h', default: false},
		},
	});
	const [first, count] = [Number(values.seed), Number(values.seeds)];
	const isTier = values.tier === '1' || values.tier === '2';
	if (values.help || !isTier || !Number.isSafeInteger(first) || !Number.isSafeInteger(count)) {
		console.log(usage);
		return values.help ? 0 : 2;
	}
	const options: Options = {
		tier: values.tier === '2' ? 2 : 1,
		seeds: values.kept ? keptSeeds : range(first, count),
		trace: values.trace,
		untilCaught: values['until-caught'],
	};
	if (values.mutants) return runMutants(options, ['--tier', values.tier, '--seeds', values.seeds, '--seed', values.seed]);
	if (values.mutant.length === 0) return runSound(options);
	let survivors = 0;
	for (const name of values.mutant) survivors += (await isCaught(findMutant(name, options.tier), options)) ? 0 : 1;
	return survivors;
}

function findMutant(name: string, tier: Tier): Mutant {
	const {mutants} = tiers[tier];
	const mutant = mutants.find(other => other.name === name);
	if (mutant === undefined) throw new Error(`no mutant is called ${name}; there are: ${mutants.map(other => other.name).join(' ')}`);
	return mutant;
}

async function runSound({tier, seeds, trace}: Options): Promise<number> {
	const begun = performance.now();
	const {entry, flags} = tiers[tier];
	const {runSeeds}: typeof import('./seeds.ts') = await import(entry);
	const {failures, worlds, ...sums} = await runSeeds({seeds, ...(trace && {trace: console.log})});
	for (const [seed, error] of failures) {
		console.log(`seed ${seed}: ${trace ? error.stack : error.message}`);
		console.log(`repeat it with: npm run sim -- ${flags}--seeds 1 --seed ${seed} --trace`);
	}
	const seconds = (performance.now() - begun) / 1000;
	console.log(
		`${worlds} worlds, ${failures.size} failed; ${sums.attempts} attempts, ${sums.journaled} journal entries, ${sums.happenings} happenings;`,
		`${seconds.toFixed(1)} s, ${(worlds / seconds).toFixed(0)} worlds/s`,
	);
	return failures.size > 0 ? 1 : 0;
}

async function isCaught(mutant: Mutant, options: Options): Promise<boolean> {
	const {runSeeds} = await importMutated(mutant, tiers[options.tier].entry);
	const trace = options.trace && {trace: console.log};
	const failures = new Map<number, Error>();
	let worlds = 0;
	for (const seeds of [mutant.seed === undefined ? [] : [mutant.seed], options.seeds]) {
		if (options.untilCaught && failures.size > 0) break;
		const result = await runSeeds({seeds: seeds.filter(seed => !failures.has(seed)), untilFailure: options.untilCaught, ...trace});
		for (const [seed, error] of result.failures) failures.set(seed, error);
		worlds += result.worlds;
	}
	const [first] = failures;
	const shown = first === undefined ? 'not caught' : `seed ${first[0]}: ${first[1].message.split('\n')[0]}`;
	console.log(`${mutant.name.padEnd(28)} ${String(failures.size).padStart(5)} of ${worlds}  (${mutant.rule})  ${shown}`);
	return failures.size > 0;
}

async function runMutants({tier, untilCaught}: Options, seedFlags: readonly string[]): Promise<number> {
	const flags = [...seedFlags, ...(untilCaught ? ['--until-caught'] : [])];
	const {mutants} = tiers[tier];
	const live = async (share: readonly Mutant[]): Promise<number> => {
		const names = share.flatMap(({name}) => ['--mutant', name]);
		const child = spawn(process.execPath, [...nodeFlags, import.meta.filename, ...names, ...flags], {stdio: 'inherit'});
		const [status] = await once(child, 'exit');
		if (status === null) throw new Error('a process of mutants was killed');
		return status;
	};
	const shares = Array.from({length: processesAtOnce}, (_, first) => mutants.filter((_, index) => index % processesAtOnce === first));
	const survivors = (await Promise.all(shares.map(live))).reduce((sum, count) => sum + count, 0);
	console.log(`${mutants.length} mutants, ${survivors} not caught`);
	return survivors > 0 ? 1 : 0;
}

function range(first: number, count: number): number[] {
	return Array.from({length: count}, (_, index) => first + index);
}

process.exitCode = await main();
