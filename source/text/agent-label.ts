import type {RunId} from '../model/ids.ts';

/** The name of an agent without the run that it lives in: `builder~<run>~2` is `builder~2`. */
export function agentLabel(agent: string, run: RunId): string {
	return agent.replace(`~${run}`, '');
}
