import type {RoundResult} from './round.ts';

/** What the rounds come to: a line for each, and the figures at the end. */
export class Figures {
	readonly #seed: number;
	readonly #results: RoundResult[] = [];
	#commits: number;

	/** `commits`: what an undisturbed life may have, until one has shown what it has. */
	constructor(seed: number, commits: number) {
		this.#seed = seed;
		this.#commits = commits;
	}

	/** Commits of an undisturbed life on this machine, as it is now: the busier it is, the more of them become one. */
	get commits(): number {
		return this.#commits;
	}

	get hasFailures(): boolean {
		return this.#results.some(({findings}) => findings.length > 0);
	}

	/** Returns the line of a round, with what was found in it. */
	add(number: number, result: RoundResult): string {
		this.#results.push(result);
		const {plan, findings, faults, lives, lostAttempts, ms, directory, killedAfter = 0, undisturbedCommits} = result;
		this.#commits = undisturbedCommits ?? Math.max(this.#commits, killedAfter + 1);
		const facts = `${faults} faults, ${lives} lives, ${lostAttempts} attempts again, ${(ms / 1000).toFixed(1)} s`;
		const line = `${findings.length === 0 ? '✔' : '✖'} seed ${this.#seed} round ${number}: ${plan.name}: ${facts}`;
		return [line, ...findings.map(({kind, what}) => `  ${kind}: ${what}`), ...(findings.length > 0 ? [`  kept: ${directory}`] : [])].join(
			'\n',
		);
	}

	sum(): string {
		const results = this.#results;
		const count = (kind: string) => results.flatMap(({findings}) => findings).filter(finding => finding.kind === kind).length;
		const total = (of: (result: RoundResult) => number) => results.reduce((sum, result) => sum + of(result), 0);
		const adopted = results.flatMap(({adoptedMs}) => adoptedMs).sort((a, b) => a - b);
		const commits = new Set(results.flatMap(({killedAfter}) => killedAfter ?? []));
		const median = adopted[Math.floor(adopted.length / 2)];
		return [
			`seed ${this.#seed}: ${results.length} rounds, ${total(({faults}) => faults)} faults, ${total(({lives}) => lives)} starts;`,
			`lost ${count('lost')}, doubled ${count('doubled')}, leaked ${count('leaked')};`,
			`attempts that were lost with their agent and started again ${total(({lostAttempts}) => lostAttempts)};`,
			`first faults after ${commits.size} different numbers of commits;`,
			adopted.length === 0
				? 'nothing to adopt'
				: `from restart to adopted: median ${median?.toFixed(0)} ms, max ${adopted.at(-1)?.toFixed(0)} ms (${adopted.length} times)`,
		].join(' ');
	}
}
