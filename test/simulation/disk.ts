import type {AttemptRef} from '../../source/model/ids.ts';
import {attemptKey} from '../../source/model/ids.ts';
import type {Run} from '../../source/model/run.ts';
import type {JournalEntry} from '../../source/store/store.ts';
import type {Random} from './random.ts';

/** A log file: what was written, and how much of that a loss of power leaves. */
export type LogFile = {bytes: Buffer; synced: number};

/** What outlives the orchestrator's process. */
export class Disk {
	/** The whole journal, also what a snapshot stands for by now: the audit replays it. */
	readonly journal: JournalEntry[] = [];
	snapshot: {readonly sequence: number; readonly text: string} | undefined;
	readonly endedRuns = new Map<string, Run>();
	readonly #logs = new Map<string, LogFile>();

	log(ref: AttemptRef): LogFile {
		return this.#logs.getOrInsertComputed(attemptKey(ref), () => ({bytes: Buffer.alloc(0), synced: 0}));
	}

	/** What was not synced is torn off somewhere. */
	losePower(random: Random): void {
		for (const log of this.#logs.values()) {
			const kept = log.synced + random.below(log.bytes.length - log.synced + 1);
			log.bytes = log.bytes.subarray(0, kept);
			log.synced = kept;
		}
	}
}

/** As it comes back from a disk: plain JSON. */
export function fromDisk(entry: JournalEntry): JournalEntry {
	return JSON.parse(JSON.stringify(entry));
}
