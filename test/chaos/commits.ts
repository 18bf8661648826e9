import {readFileSync} from 'node:fs';

const headerBytes = 32;
const frameHeaderBytes = 24;

/**
 * Commits to a SQLite database, counted by the frames of its WAL (https://sqlite.org/fileformat.html#the_write_ahead_log): the last
 * frame of a commit says how many pages the database has then. Nothing is locked or opened, so nobody who writes is disturbed.
 */
export class CommitCount {
	readonly #wal: string;
	#salts = '';
	/** Of earlier contents of the file. */
	#before = 0;
	#here = 0;

	constructor(database: string) {
		this.#wal = `${database}-wal`;
	}

	/** All commits since the first call that found one; looks anew. */
	now(): number {
		const wal = this.#read();
		if (wal === undefined || wal.length < headerBytes) return this.#before + this.#here;
		const salts = wal.toString('hex', 16, 24);
		if (salts !== this.#salts) {
			this.#before += this.#here;
			this.#here = 0;
			this.#salts = salts;
		}
		this.#here = Math.max(this.#here, commitsIn(wal));
		return this.#before + this.#here;
	}

	#read(): Buffer | undefined {
		try {
			return readFileSync(this.#wal);
		} catch {
			return undefined; // not there yet, or no more
		}
	}
}

function commitsIn(wal: Buffer): number {
	const frameBytes = frameHeaderBytes + wal.readUInt32BE(8);
	let commits = 0;
	for (let at = headerBytes; at + frameHeaderBytes <= wal.length; at += frameBytes) {
		if (wal.compare(wal, 16, 24, at + 8, at + 16) !== 0) break; // of an earlier content
		if (wal.readUInt32BE(at + 4) !== 0) commits++;
	}
	return commits;
}
