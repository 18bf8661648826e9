import {ByoaiError} from '../../model/error.ts';
import type {Handle} from '../../model/instance.ts';
import type {Facts} from './container.ts';

/** The time of its start tells a container from itself after somebody has restarted it. */
export type ContainerHandle = {readonly container: string; readonly startedAt: string};

export function handleOf({Id, State}: Facts): Handle {
	return {driver: 'docker', container: Id, startedAt: State.StartedAt};
}

export function fromHandle({driver, container, startedAt}: Handle): ContainerHandle {
	if (driver !== 'docker' || typeof container !== 'string' || typeof startedAt !== 'string') {
		throw new ByoaiError('internal', 'This handle is none of the Docker driver.');
	}
	return {container, startedAt};
}
