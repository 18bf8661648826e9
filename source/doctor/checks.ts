import type {Check} from './check.ts';
import {dockerEngine} from './docker-engine.ts';
import {dockerImage, dockerNetwork, dockerSpace} from './docker-things.ts';
import {kubernetesCluster, kubernetesRights, leftPods} from './kubernetes.ts';
import {leftovers} from './leftovers.ts';
import {nodeVersion} from './node-version.ts';
import {port} from './port.ts';
import {stateDirectory, stateSpace} from './state-directory.ts';

/** All checks, in the order in which they are shown. */
export const checks: readonly Check[] = [
	nodeVersion,
	stateDirectory,
	stateSpace,
	port,
	dockerEngine,
	dockerImage,
	dockerNetwork,
	dockerSpace,
	leftovers,
	kubernetesCluster,
	kubernetesRights,
	leftPods,
];
