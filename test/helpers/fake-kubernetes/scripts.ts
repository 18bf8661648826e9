import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {KubeObject} from './objects.ts';

type Event = {readonly reason: string; readonly message: string};
type Statuses = {readonly statuses: ReadonlyArray<Record<string, unknown>>; readonly everyMs?: number};

/**
 * What happens to a pod, as data. `statuses`: it never runs, and gets these. `then`: it runs, and then gets these, whatever its program does.
 * `ends`: it runs, and gets these when its program has ended. `lost`: its node does not answer any more once it runs.
 */
export type Script = {readonly events?: readonly Event[]} & (
	| ({readonly type: 'statuses' | 'then' | 'ends'} & Statuses)
	| {readonly type: 'runs' | 'lost'}
);

export type Recording = {
	readonly request: {readonly method: string; readonly path: string};
	readonly response: {
		readonly status: number;
		readonly headers: Readonly<Record<string, string>>;
		readonly body: KubeObject & {items?: unknown[]; message?: string; reason?: string; code?: number};
	};
	readonly events?: ReadonlyArray<{readonly type: string; readonly object: KubeObject}>;
};

/** What a real API server of v1.34 said. */
export function recording(name: string): Recording {
	return JSON.parse(readFileSync(join(import.meta.dirname, 'recordings', `${name}.json`), 'utf8'));
}

/** What became of a recorded pod, one status after the other. */
export function recordedStatuses(name: string): ReadonlyArray<Record<string, unknown>> {
	return (recording(name).events ?? []).filter(({type}) => type === 'MODIFIED').map(({object}) => object.status);
}

/** A pod to which happens what happened to a recorded one. */
export function recorded(name: string, type: 'statuses' | 'then' | 'ends' = 'statuses'): Script {
	return {type, statuses: recordedStatuses(name)};
}
