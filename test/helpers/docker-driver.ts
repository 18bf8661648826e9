import {join} from 'node:path';
import type {DockerDriverOptions} from '../../source/drivers/docker/docker.ts';
import {createDockerDriver} from '../../source/drivers/docker/docker.ts';
import type {Driver} from '../../source/drivers/driver.ts';

/** A Docker driver, by default of short patience and without anybody's logins. Whoever makes one closes it. */
export function dockerDriver(options: Partial<DockerDriverOptions> = {}): Driver {
	return createDockerDriver({
		owner: '0123456789abcdef',
		image: 'some/agent',
		network: 'bridge',
		pids: 100,
		instanceEnvironment: () => ({}),
		logins: {directory: '/nonexistent', environment: {}},
		agentProgram: join(import.meta.dirname, '../../dist/agent.js'),
		stopGraceMs: 1000,
		awayMs: 0,
		warn: () => undefined,
		...options,
	});
}
