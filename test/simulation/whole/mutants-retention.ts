import type {Mutant} from '../mutate.ts';

const retention = 'source/engine/retention.ts';

/** Rules by which old runs go while others live and are read. All seeds are of worlds in which they do. */
export const retentionMutants: readonly Mutant[] = [
	{
		name: 'too-many-go',
		rule: 'retention: so many runs as are to be kept are',
		file: retention,
		find: 'keep: limits.kept_runs,',
		replace: 'keep: Math.max(0, limits.kept_runs - 1),',
		seed: 634,
	},
	{
		name: 'run-goes-first',
		rule: 'retention: a run is there until its logs have gone, so that what was cut short is done again',
		file: retention,
		find: 'await logs.drop(id);\n		while (!this.#closed && !store.dropRun(id, sliceAttempts)) await this.#pause();',
		replace: 'while (!this.#closed && !store.dropRun(id, sliceAttempts)) await this.#pause();\n		await logs.drop(id);',
		seed: 722,
	},
	{
		name: 'nothing-goes-at-start',
		rule: 'retention: what was cut short is done again at the next start',
		file: retention,
		find: 'this.#schedule(firstPassMs);',
		replace: 'this.#schedule(nextPassMs);',
		seed: 962,
	},
	{
		name: 'removed-names-come-back',
		rule: 'retention: that logs are gone is on the disk before their run is forgotten',
		file: 'source/store/log-files.ts',
		find: 'await syncDirectory(this.#layer, this.#directory).catch(',
		replace: 'await Promise.resolve().catch(',
		seed: 222,
	},
	{
		name: 'removed-ends-whole',
		rule: 'retention: output that is removed while it is read does not end as if that had been all',
		file: 'source/server/routes/logs.ts',
		find: 'if (end !== undefined) refuseRemoved(services, ref, end);',
		replace: '',
		seed: 674,
	},
];
