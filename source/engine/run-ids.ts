import {randomInt} from 'node:crypto';
import type {RunId} from '../model/ids.ts';

/** 2026-01-01: earlier than any run, so that ids stay short. */
const epochMs = 1_767_225_600_000;
const timeDigits = 8;
const randomDigits = 3;

/** Makes run ids: `r`, the time, and three random characters. Later ids sort after earlier ones. */
export function createRunIds(now: () => number): () => RunId {
	let last = 0;
	return () => {
		last = Math.max(last + 1, now() - epochMs);
		const random = randomInt(36 ** randomDigits)
			.toString(36)
			.padStart(randomDigits, '0');
		return `r${last.toString(36).padStart(timeDigits, '0')}${random}`;
	};
}
