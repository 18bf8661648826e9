import {ByoaiError} from '../../../source/model/error.ts';
import type {Batch, Store} from '../../../source/store/store.ts';
import type {Audit} from '../audit.ts';
import type {Life} from '../life.ts';
import {Died} from '../ports.ts';
import type {World} from '../world.ts';
import type {Database} from './database.ts';
import type {WholeFaults} from './faults.ts';

export type JournalParts = {
	readonly world: World;
	readonly faults: WholeFaults;
	readonly audit: Audit;
	readonly life: Life;
	readonly database: Database;
	/** `tornFrom`: power fails, and the write-ahead log is torn beyond that. */
	readonly crash: (tornFrom?: number) => void;
	/** The history has forgotten a run. */
	readonly removed: (run: string) => void;
};

/** The real journal as one life has it: power may fail in a commit, and the disk may refuse one or say only afterwards that it did not work. */
export function faultyJournal(parts: JournalParts): Store {
	const {world, faults, life, database, crash} = parts;
	const {random} = world;
	const store = database.open();
	const fails = (chance: number) => !world.healed && random.chance(chance);
	const dieIf = (chance: number, tornFrom?: number) => {
		if (fails(chance)) crash(tornFrom);
		if (!life.alive) throw new Died('the orchestrator died in a commit');
	};
	const refuseIf = (chance: number) => {
		if (fails(chance)) throw new ByoaiError('unavailable', 'the disk is full, or broken');
	};
	return {
		append(batch) {
			dieIf(world.faults.crashInCommit);
			refuseIf(faults.appendFails);
			const before = database.walBytes;
			const last = store.append(batch);
			// Where the log was begun anew in the midst of it, there is no tail to tear.
			if (database.walBytes > before) dieIf(faults.tornCommit, before);
			journaled(parts, batch);
			dieIf(world.faults.crashInCommit);
			refuseIf(faults.appendFails);
			return last;
		},
		saveSnapshot(sequence, state) {
			refuseIf(faults.appendFails * 5);
			store.saveSnapshot(sequence, state);
			dieIf(world.faults.crashInCommit);
		},
		read: after => store.read(after),
		loadSnapshot: () => store.loadSnapshot(),
		listRuns: query => store.listRuns(query),
		loadRun: id => store.loadRun(id),
		findRuns: (prefix, limit) => store.findRuns(prefix, limit),
		runOfRequest: key => store.runOfRequest(key),
		outdatedRuns: query => store.outdatedRuns(query),
		dropRun(id, attempts) {
			dieIf(world.faults.crashInCommit * 5);
			refuseIf(faults.appendFails * 10);
			const isGone = store.dropRun(id, attempts);
			if (isGone) parts.removed(id);
			dieIf(world.faults.crashInCommit * 5);
			return isGone;
		},
		close: () => undefined,
	};
}

/** It is durable: whoever looks at the journal sees it. */
function journaled({world: {disk}, audit}: JournalParts, {events, endedRuns}: Batch): void {
	for (const event of events) disk.journal.push({sequence: disk.journal.length + 1, event});
	for (const run of endedRuns) disk.endedRuns.set(run.id, run);
	audit.journaled(events, endedRuns);
}
