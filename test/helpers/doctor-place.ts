import type {Check, Finding} from '../../source/doctor/check.ts';
import {findAll} from '../../source/doctor/check.ts';
import type {Place} from '../../source/doctor/place.ts';
import {createDockerSurvey} from '../../source/drivers/docker/survey.ts';
import {defaultLimits} from '../../source/model/limits.ts';
import {temporaryDirectory} from './temporary-directory.ts';

type Given = Partial<Omit<Place, 'config' | 'docker' | 'engine' | 'cluster'>> & {
	readonly config?: Partial<Place['config']>;
	/** `DOCKER_HOST` */
	readonly engineHost?: string;
	/** In place of an engine behind a socket. */
	readonly docker?: Place['docker'];
	/** How long the engine may take. */
	readonly answerMs?: number;
};

const noKubernetes: Place['kubernetes'] = {
	cluster: async () => undefined,
	missingRights: async () => [],
	tryPod: async () => undefined,
	pods: async () => [],
	remove: async () => undefined,
	close: async () => undefined,
};

/** A place in which nothing is wrong, but for what is given: an empty state directory, any port, no engine. */
export function doctorPlace({config, engineHost = 'unix:///nowhere/docker.sock', answerMs = 10_000, ...given}: Given = {}): Place {
	const kubernetes = given.kubernetes ?? noKubernetes;
	const docker = given.docker ?? createDockerSurvey({host: engineHost, answerMs});
	return {
		config: {
			stateDir: temporaryDirectory(),
			host: '127.0.0.1',
			port: 0,
			portIsExplicit: false,
			docker: {image: 'byoai-agent:latest', network: 'bridge', loginDirectory: '/none'},
			kubernetes: {image: 'byoai-agent:latest'},
			limits: {...defaultLimits, low_disk_bytes: 1, doctor_milliseconds: 20_000},
			...config,
		},
		node: {version: 'v26.1.0', path: '/bin/node', neededMajor: 24},
		stateId: async () => undefined,
		holder: async () => undefined,
		engine: () => docker.engine(),
		kubernetes,
		cluster: () => kubernetes.cluster(),
		dockerCommand: {directory: '/nowhere'},
		clean: false,
		...given,
		docker,
	};
}

/** What one check finds. */
export async function findings(check: Check, given?: Given): Promise<readonly Finding[]> {
	const found = await findAll([check], doctorPlace(given));
	return found.map(({check: _, ...finding}) => finding);
}
