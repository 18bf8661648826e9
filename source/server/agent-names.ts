import type {Services} from './services.ts';

/**
 * Whether this is the name of an instance that is kept here. Every orchestrator has a `local-agent`: one that another left behind may
 * call here when we listen where that one was, and is not to be taken for ours.
 */
export function isOurs({engine}: Pick<Services, 'engine'>, name: string): boolean {
	return Object.values(engine.state.pools).some(({instances}) => instances.some(instance => instance.name === name));
}
