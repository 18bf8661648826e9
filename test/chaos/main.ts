import {join} from 'node:path';
import {parseArgs} from 'node:util';
import type {Docker} from './docker.ts';
import {buildImage} from './docker.ts';
import {startEngine} from './engine.ts';
import {Figures} from './figures.ts';
import type {Program} from './place.ts';
import {copyProgram} from './place.ts';
import {planRound} from './plan.ts';
import {Round} from './round.ts';

const usage = `npm run chaos -- [--seed 1] [--rounds 20] [--first 0] [--parallel 1] [--docker | --engine]

Kills the real thing with -9, at seeded moments, and judges what is left: one round is one run of a fixed workflow. Linux only.
--first N      the first round; together with --seed and --rounds 1 it repeats one
--parallel N   rounds at once
--docker       with agents in containers of this host's engine
--engine       with an engine of its own, which is killed too (needs dockerd and the right to start it)
Exit status 1: something was lost, doubled or leaked. The directory of such a round is kept.`;

type Options = {seed: number; rounds: number; first: number; parallel: number; docker: boolean; engine: boolean};

async function main(): Promise<number> {
	const {values} = parseArgs({
		options: {
			seed: {type: 'string', default: '1'},
			rounds: {type: 'string', default: '20'},
			first: {type: 'string', default: '0'},
			parallel: {type: 'string', default: '1'},
			docker: {type: 'boolean', default: false},
			engine: {type: 'boolean', default: false},
			help: {type: 'boolean', short: 'h', default: false},
		},
	});
	const {docker, engine} = values;
	const [seed, rounds, first, parallel] = [values.seed, values.rounds, values.first, values.parallel].map(Number);
	const numbers = {seed: seed ?? 0, rounds: rounds ?? 0, first: first ?? 0, parallel: parallel ?? 0};
	if (values.help || !Object.values(numbers).every(Number.isSafeInteger)) {
		console.log(usage);
		return values.help ? 0 : 2;
	}
	return runRounds({...numbers, docker: docker || engine, engine});
}

async function runRounds(options: Options): Promise<number> {
	const {seed, rounds, first, parallel, docker, engine} = options;
	const program = copyProgram();
	const closes: Array<() => unknown> = [];
	const figures = new Figures(seed);
	try {
		const where = docker ? await openDocker(program, engine, closes) : undefined;
		let next = first;
		let ends = first + rounds;
		// The rounds that have begun go on to their end, which leaves nothing behind; a second signal ends at once.
		for (const signal of ['SIGINT', 'SIGTERM'] as const) {
			process.once(signal, () => {
				ends = next;
			});
		}
		const live = async () => {
			while (next < ends) {
				const number = next++;
				const plan = planRound(seed, number, {docker, engine});
				const result = await new Round(program, `${seed}-${number}`, plan, where).run();
				console.log(figures.add(number, result));
				if (result.findings.length > 0) {
					console.log(`  repeat it with: npm run chaos -- --seed ${seed} --first ${number} --rounds 1${flagOf(options)}`);
				}
			}
		};
		await Promise.all(Array.from({length: engine ? 1 : parallel}, live));
	} finally {
		for (const close of closes.reverse()) await close();
		if (!figures.hasFailures) program.remove();
	}
	console.log(figures.sum());
	return figures.hasFailures ? 1 : 0;
}

function flagOf({docker, engine}: Options): string {
	if (engine) return ' --engine';
	return docker ? ' --docker' : '';
}

async function openDocker(program: Program, own: boolean, closes: Array<() => unknown>): Promise<Docker> {
	const image = buildImage(join(program.directory, 'dist'));
	if (!own) return {image};
	const engine = await startEngine(image);
	closes.push(() => engine.close());
	return engine;
}

process.exitCode = await main();
