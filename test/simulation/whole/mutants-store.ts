import type {Mutant} from '../mutate.ts';

const sqlite = 'source/store/sqlite.ts';
const logFile = 'source/store/log-file.ts';
const logBytes = 'source/store/log-bytes.ts';

/** Rules of the journal's and the logs' files. */
export const storeMutants: readonly Mutant[] = [
	{
		name: 'snapshot-of-one-before',
		rule: 'journal: a snapshot stands for the entries up to it, and no other is dropped',
		file: sqlite,
		find: 'this.#statements.saveSnapshot.run(sequence, text);',
		replace: 'this.#statements.saveSnapshot.run(sequence - 1, text);',
		seed: 6,
	},
	{
		name: 'numbers-begin-again',
		rule: 'journal: numbers go on after a snapshot that covers everything',
		file: sqlite,
		find: 'this.#statements.lastEntry.get()?.sequence ?? this.#covered',
		replace: 'this.#statements.lastEntry.get()?.sequence ?? 0',
		seed: 15,
	},
	{
		name: 'commit-in-parts',
		rule: 'journal: a batch is there whole, or not at all',
		file: sqlite,
		find: `for (const [index, text] of texts.entries()) this.#statements.addEntry.run(this.#last + 1 + index, text);`,
		replace: `for (const [index, text] of texts.entries()) {
				this.#statements.addEntry.run(this.#last + 1 + index, text);
				this.#statements.commit.run();
				this.#statements.begin.run();
			}`,
		seed: 59,
	},
	{
		name: 'request-forgotten',
		rule: 'history: an ended run is still that of its request',
		file: 'source/store/history.ts',
		find: 'request_key: run.requestKey ?? null,',
		replace: 'request_key: null,',
		seed: 1,
	},
	{
		name: 'refused-commit-goes-on',
		rule: 'journal: where it cannot be written the process ends',
		file: 'source/engine/engine.ts',
		find: 'return this.#die(error, waiting);',
		replace: `for (const {fail} of waiting) fail(fatalError(error));
			return;`,
		seed: 0,
	},
	{
		name: 'index-before-log',
		rule: 'logs: bytes are on the disk before the index says so',
		file: logFile,
		find: `await writeDurably(this.#log, this.#kept, data.subarray(this.#kept - start, end - start));
			await writeDurably(this.#index, this.#records * recordBytes, encodeRecords(window));`,
		replace: `await writeDurably(this.#index, this.#records * recordBytes, encodeRecords(window));
			await writeDurably(this.#log, this.#kept, data.subarray(this.#kept - start, end - start));`,
		seed: 820,
	},
	{
		name: 'log-not-synced',
		rule: 'logs: what is acknowledged is on the disk',
		file: logBytes,
		find: 'await file.datasync();',
		replace: '',
		seed: 0,
	},
	{
		name: 'short-write-taken-whole',
		rule: 'logs: a write that took a part goes on',
		file: logBytes,
		find: 'written += bytesWritten;',
		replace: 'written += bytesWritten > 0 ? data.length : 0;',
		seed: 0,
	},
	{
		name: 'names-not-synced',
		rule: 'logs: the names of new files are on the disk, too',
		file: logFile,
		find: 'if (this.#records === 0) await this.#syncNames();',
		replace: '',
		seed: 0,
	},
	{
		name: 'failed-write-trusted',
		rule: 'logs: what a failed write left is cut off before the next',
		file: logFile,
		find: 'if (!this.#exact) await this.#repair();',
		replace: '',
		seed: 0,
	},
	{
		name: 'found-synced-only',
		rule: 'logs: of what a sync of a dead process failed for, another sync does nothing',
		file: logFile,
		find: 'if (this.#records > 0 || this.#dropped > 0) await this.#writeEndAgain();',
		replace: 'await this.#log.datasync();\n\t\tawait this.#index.datasync();',
		seed: 119,
	},
	{
		name: 'found-taken-for-lasting',
		rule: 'logs: what a dead process left in memory is on the disk before it is acknowledged',
		file: logFile,
		find: 'if (this.#lasting) return;',
		replace: 'if (this.#lasting || this.#records >= 0) return;',
		seed: 12,
	},
	{
		name: 'output-twice',
		rule: 'logs: what is there already is passed over',
		file: 'source/store/log-pieces.ts',
		find: 'const known = from - piece.offset;',
		replace: 'const known = Math.min(0, from - piece.offset);',
		seed: 0,
	},
	{
		name: 'failed-log-acknowledged',
		rule: 'logs: output that could not be kept is not acknowledged',
		file: 'source/agents/exchange.ts',
		find: 'await logs.append(ref, piecesOf(offset, chunks))',
		replace: 'await logs.append(ref, piecesOf(offset, chunks)).catch(() => Number.MAX_SAFE_INTEGER)',
		seed: 1,
	},
];
