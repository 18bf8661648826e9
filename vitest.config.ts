import {availableParallelism} from 'node:os';
import {defineConfig} from 'vitest/config';

export default defineConfig({
	test: {
		include: ['test/**/*.test.{ts,tsx}'],
		// Processes, because a test may change the directory, the environment and the signal handlers. They mostly wait for
		// other processes, so there are more of them than a small machine has cores.
		pool: 'forks',
		maxWorkers: Math.max(3, availableParallelism()),
		testTimeout: 30_000,
		hookTimeout: 30_000,
		teardownTimeout: 10_000,
		restoreMocks: true,
		unstubEnvs: true,
		expect: {requireAssertions: true, poll: {timeout: 10_000, interval: 20}},
	},
});
