import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {buildImage, dockerHomes} from './docker.ts';
import {startEngine} from './engine.ts';
import {Figures} from './figures.ts';
import type {OpenHome} from './home.ts';
import {openLocalHome} from './home.ts';
import {kubernetesHomes} from './kubernetes.ts';
import type {Program} from './place.ts';
import {copyProgram} from './place.ts';
import type {Where} from './plan.ts';
import {mostCommits, planRound} from './plan.ts';
import {runRound} from './round.ts';

const usage = `npm run chaos -- [--seed 1] [--rounds 20] [--first 0] [--parallel 1] [--commits N] [--docker | --engine | --kubernetes]

Kills the real thing with -9, at seeded moments, and judges what is left: one round is one run of a fixed workflow. Linux only.
--first N      the first round; together with --seed and --rounds 1 it repeats one
--parallel N   rounds at once
--commits N    sweep through so many commits; else as many as undisturbed lives turn out to have
--docker       with agents in containers of this host's engine
--engine       with an engine of its own, which is killed too (needs dockerd and the right to start it)
--kubernetes   with agents in pods of an API server of their own, which is away now and then; the pods are processes here
Exit status 1: something was lost, doubled or leaked. The directory of such a round is kept.`;

type Options = {seed: number; rounds: number; first: number; parallel: number; commits?: number; where: Where};

async function main(): Promise<number> {
	const {values} = parseArgs({
		options: {
			seed: {type: 'string', default: '1'},
			rounds: {type: 'string', default: '20'},
			first: {type: 'string', default: '0'},
			parallel: {type: 'string', default: '1'},
			commits: {type: 'string'},
			docker: {type: 'boolean', default: false},
			engine: {type: 'boolean', default: false},
			kubernetes: {type: 'boolean', default: false},
			help: {type: 'boolean', short: 'h', default: false},
		},
	});
	const {help, seed, rounds, first, parallel, commits} = values;
	const numbers = {seed: Number(seed), rounds: Number(rounds), first: Number(first), parallel: Number(parallel)};
	const places = (['docker', 'engine', 'kubernetes'] as const).filter(where => values[where]);
	const areNumbers = [...Object.values(numbers), Number(commits ?? 1)].every(Number.isSafeInteger);
	if (help || places.length > 1 || !areNumbers || Number(commits ?? 1) < 1) {
		console.log(usage);
		return help ? 0 : 2;
	}
	return runRounds({...numbers, ...(commits !== undefined && {commits: Number(commits)}), where: places[0] ?? 'local'});
}

async function runRounds(options: Options): Promise<number> {
	const {seed, rounds, first, parallel, where} = options;
	const program = copyProgram();
	const closes: Array<() => unknown> = [];
	const figures = new Figures(seed, mostCommits);
	try {
		const openHome = await homesOf(where, program, closes);
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
				const commits = options.commits ?? figures.commits;
				const plan = planRound(seed, number, where, {commits});
				const result = await runRound(program, `${seed}-${number}`, plan, openHome);
				console.log(figures.add(number, result));
				if (result.findings.length > 0) {
					const flag = where === 'local' ? '' : ` --${where}`;
					console.log(`  repeat it with: npm run chaos -- --seed ${seed} --first ${number} --rounds 1 --commits ${commits}${flag}`);
				}
			}
		};
		await Promise.all(Array.from({length: where === 'engine' ? 1 : parallel}, live));
	} finally {
		for (const close of closes.reverse()) await close();
		if (!figures.hasFailures) program.remove();
	}
	console.log(figures.sum());
	return figures.hasFailures ? 1 : 0;
}

async function homesOf(where: Where, program: Program, closes: Array<() => unknown>): Promise<OpenHome> {
	const dist = join(program.directory, 'dist');
	if (where === 'local') return openLocalHome;
	if (where === 'kubernetes') return kubernetesHomes(dist);
	const image = buildImage(dist);
	if (where === 'docker') return dockerHomes({image});
	const engine = await startEngine(image);
	closes.push(() => engine.close());
	return dockerHomes(engine);
}

process.exitCode = await main();
