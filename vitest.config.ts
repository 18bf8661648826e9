import {availableParallelism, tmpdir} from 'node:os';
import {join} from 'node:path';
import {defineConfig} from 'vitest/config';

/** They build images or try every call to an engine: minutes, in which others run beside them. Projects begin in the order of their names. */
const longest = ['test/e2e/compose.test.ts', 'test/e2e/docker-anomaly.test.ts'];

/** Files that start processes and wait for them. */
const processes = [
	'test/e2e/**/*.test.ts',
	'test/simulation/*.test.ts',
	'test/unit/store-*crash.test.ts',
	'test/conformance/driver*.test.ts',
];

export default defineConfig({
	test: {
		projects: [
			{extends: true, test: {name: 'longest', include: longest}},
			{extends: true, test: {name: 'processes', include: processes, exclude: longest}},
			{extends: true, test: {name: 'rooms', include: ['test/**/*.test.{ts,tsx}'], exclude: [...longest, ...processes]}},
		],
		// Files take turns in few processes, which read the product once: that halves what the short ones cost. So a test leaves the
		// process as it found it; one that must change the directory or the signal handlers starts a process of its own.
		pool: 'forks',
		isolate: false,
		// They often wait for other processes, so there are more of them than a small machine has cores.
		maxWorkers: Math.max(3, availableParallelism()),
		testTimeout: 30_000,
		hookTimeout: 30_000,
		teardownTimeout: 10_000,
		// Hundreds of processes read the same program: compiled once, it costs each of them less.
		env: {NODE_COMPILE_CACHE: join(tmpdir(), 'byoai-test-compile-cache')},
		setupFiles: ['test/helpers/property-seed.ts'],
		restoreMocks: true,
		unstubEnvs: true,
		expect: {requireAssertions: true, poll: {timeout: 10_000, interval: 20}},
	},
});
