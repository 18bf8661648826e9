import {crc32} from 'node:zlib';
import {DamagedFile} from './file-error.ts';
import type {OpenFile} from './file-layer.ts';
import {readExactly} from './log-bytes.ts';

/*
 * The index beside a log: a record for each run of bytes of one stream that was read in one millisecond, in order.
 *
 *   bytes 0-5   where the run ends: offset in the merged stream, big-endian as all numbers here
 *   bytes 6-11  when it was read, milliseconds since 1970; 0 for dropped bytes
 *   byte  12    1 stdout, 2 stderr, 3 dropped: not in the log; at most one such record, the last
 *   bytes 13-15 the low bits of the CRC-32 of bytes 0-12
 *
 * A record never straddles a disk sector, so rewriting one in place leaves the old or the new one.
 */
export const recordBytes = 16;

/** Records written between two syncs, and records read at once. Only so many can be torn by a crash. */
export const windowRecords = 4096;
/** A window ends with the record that brings it to so many bytes of the log. */
export const windowBytes = 1024 * 1024;

export type IndexRecord = {readonly end: number; readonly at: number; readonly kind: RecordKind};
export type RecordKind = 'stdout' | 'stderr' | 'dropped';

/** What a pair of files holds for certain. */
export type IndexTail = {
	/** Records of kept bytes. */
	readonly records: number;
	/** Bytes of the log that those cover. */
	readonly kept: number;
	readonly dropped: number;
	/** The files hold exactly this and nothing more. */
	readonly exact: boolean;
};

const kinds: readonly (RecordKind | undefined)[] = [undefined, 'stdout', 'stderr', 'dropped'];
const checkedBytes = 13;
const largestTime = 2 ** 48 - 1;

/** The records of an append by what is written between two syncs; `from`: where their bytes begin. */
export function* windowsOf(records: readonly IndexRecord[], from: number): Generator<readonly IndexRecord[]> {
	let first = 0;
	let begins = from;
	for (const [number, {end}] of records.entries()) {
		if (number + 1 - first < windowRecords && end - begins < windowBytes && number + 1 < records.length) continue;
		yield records.slice(first, number + 1);
		first = number + 1;
		begins = end;
	}
}

export function encodeRecords(records: readonly IndexRecord[]): Buffer {
	const buffer = Buffer.alloc(records.length * recordBytes);
	for (const [position, {end, at, kind}] of records.entries()) {
		const start = position * recordBytes;
		buffer.writeUIntBE(end, start, 6);
		// An agent's clock may say anything; a time that has no place here is brought to the nearest that has.
		buffer.writeUIntBE(Math.min(Math.max(Math.trunc(at) || 0, 0), largestTime), start + 6, 6);
		buffer.writeUInt8(kinds.indexOf(kind), start + 12);
		buffer.writeUIntBE(checkSum(buffer, start), start + checkedBytes, 3);
	}
	return buffer;
}

/** Undefined where there is no valid record at this position of the buffer. */
function decodeRecord(buffer: Buffer, position: number): IndexRecord | undefined {
	const start = position * recordBytes;
	const kind = kinds[buffer.readUInt8(start + 12)];
	if (kind === undefined || buffer.readUIntBE(start + checkedBytes, 3) !== checkSum(buffer, start)) return undefined;
	return {end: buffer.readUIntBE(start, 6), at: buffer.readUIntBE(start + 6, 6), kind};
}

function checkSum(buffer: Buffer, start: number): number {
	return crc32(buffer.subarray(start, start + checkedBytes)) & 0xffffff;
}

/** Records from number `first` on. Throws `DamagedFile` where one of them is not valid. */
export async function readRecords(index: OpenFile, first: number, count: number): Promise<readonly IndexRecord[]> {
	const buffer = await readExactly(index, first * recordBytes, count * recordBytes);
	return Array.from({length: count}, (_, position) => {
		const record = decodeRecord(buffer, position);
		if (record === undefined) throw damagedIndex(first + position);
		return record;
	});
}

/** The number of the record that covers the byte at `offset`, which lies before the end of the last of `count` records. */
export async function findRecord(index: OpenFile, count: number, offset: number): Promise<number> {
	let low = 0;
	let high = count - 1;
	while (low < high) {
		const middle = (low + high) >>> 1;
		const [record] = await readRecords(index, middle, 1);
		if (record !== undefined && record.end > offset) high = middle;
		else low = middle + 1;
	}
	return low;
}

/**
 * What can be relied on after a crash. The log is synced before the index says that it is there, so the index decides; its own
 * last window may be torn and ends before its first invalid record. A log shorter than that was cut by somebody: it is
 * taken as it is, and no bytes were dropped then, since those come after all that was kept.
 */
export async function recoverTail(index: OpenFile, log: OpenFile): Promise<IndexTail> {
	const [{size: indexBytes}, {size: logBytes}] = await Promise.all([index.stat(), log.stat()]);
	const tail = await lastValid(index, Math.floor(indexBytes / recordBytes));
	if (logBytes < tail.end) {
		const records = logBytes === 0 ? 0 : (await findRecord(index, tail.records, logBytes - 1)) + 1;
		return {records, kept: logBytes, dropped: 0, exact: false};
	}
	const used = (tail.records + (tail.dropped > 0 ? 1 : 0)) * recordBytes;
	return {records: tail.records, kept: tail.end, dropped: tail.dropped, exact: indexBytes === used && logBytes === tail.end};
}

/** Walks the last window, from a record before it, which was synced before the window was written. */
async function lastValid(index: OpenFile, count: number): Promise<{records: number; end: number; dropped: number}> {
	const first = Math.max(0, count - windowRecords - 1);
	const buffer = await readExactly(index, first * recordBytes, (count - first) * recordBytes);
	let end = 0;
	for (let number = first; number < count; number++) {
		const record = decodeRecord(buffer, number - first);
		if (record === undefined || record.end <= end) {
			if (number === first && first > 0) throw damagedIndex(first);
			return {records: number, end, dropped: 0};
		}
		if (record.kind === 'dropped') return {records: number, end, dropped: record.end - end};
		end = record.end;
	}
	return {records: count, end, dropped: 0};
}

function damagedIndex(record: number): DamagedFile {
	return new DamagedFile(`record ${record} of the index is damaged`);
}
