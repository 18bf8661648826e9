import type {LogPiece, LogStore} from '../../source/store/logs.ts';
import type {JournalEntry, Store} from '../../source/store/store.ts';
import type {Audit} from './audit.ts';
import {fromDisk} from './disk.ts';
import type {Life} from './life.ts';
import type {World} from './world.ts';

/** Thrown where the process is no more. */
export class Died extends Error {}

/** The journal as one life of the orchestrator sees it. A crash may come in the midst of a commit, before or after it is durable. */
export function journalOf(world: World, audit: Audit, life: Life, crash: () => void): Store {
	const {disk, faults, random} = world;
	const perhapsDie = () => {
		if (!world.healed && random.chance(faults.crashInCommit)) crash();
		if (!life.alive) throw new Died('the orchestrator died in a commit');
	};
	return {
		append({events, endedRuns}) {
			perhapsDie();
			for (const event of events) disk.journal.push({sequence: disk.journal.length + 1, event});
			for (const run of endedRuns) disk.endedRuns.set(run.id, run);
			audit.journaled(events, endedRuns);
			perhapsDie();
			return disk.journal.length;
		},
		read: after => disk.journal.slice(after).map((entry): JournalEntry => fromDisk(entry)),
		saveSnapshot(sequence, state) {
			disk.snapshot = {sequence, text: JSON.stringify(state)};
		},
		loadSnapshot: () => disk.snapshot && {sequence: disk.snapshot.sequence, state: JSON.parse(disk.snapshot.text)},
		listRuns: () => [],
		loadRun: id => disk.endedRuns.get(id),
		runOfRequest: key => [...disk.endedRuns.values()].find(({requestKey}) => requestKey === key)?.id,
		findRuns: () => [],
		outdatedRuns: () => [],
		dropRun: () => true,
		close: () => undefined,
	};
}

/** Logs as one life of the orchestrator sees them: written at once, durable after a while. */
export function logsOf(world: World, life: Life): LogStore {
	const {disk, faults, random} = world;
	const syncMs = () => 1 + random.below(world.healed ? 20 : faults.syncMs);
	return {
		end: ref => life.eventually(syncMs(), () => disk.log(ref).synced),
		append(ref, pieces) {
			const log = disk.log(ref);
			const added: LogPiece[] = [];
			for (const piece of pieces) {
				const have = log.bytes.length - piece.offset;
				if (have < 0 || have >= piece.data.length) continue;
				log.bytes = Buffer.concat([log.bytes, piece.data.subarray(have)]);
				added.push({...piece, offset: piece.offset + have, data: piece.data.subarray(have)});
			}
			const end = log.bytes.length;
			return life.eventually(syncMs(), () => {
				log.synced = Math.max(log.synced, end);
				return {end, added};
			});
		},
		read: () => Promise.reject(new Error('nobody reads logs here')),
		release: () => Promise.resolve(),
		drop: () => Promise.resolve(),
		close: () => Promise.resolve(),
	};
}
