import {setTimeout as sleep} from 'node:timers/promises';
import {ByoaiError, messageOf} from '../model/error.ts';
import type {Place} from './place.ts';

/** `note`: nothing is wrong, and yet worth a word. `warning`: something may go wrong. `problem`: something does not work. */
export const findingStatuses = ['ok', 'note', 'warning', 'problem'] as const;
export type FindingStatus = (typeof findingStatuses)[number];

export type Finding = {
	readonly status: FindingStatus;
	/** One sentence. */
	readonly says: string;
	/** What helps, where something does. */
	readonly mend?: string;
	/** What is there and nobody needs. */
	readonly leftovers?: readonly Leftover[];
};

/** Something that an orchestrator made and did not take away. */
export type Leftover = {
	readonly name: string;
	readonly id: string;
	readonly instance?: string;
	/** Milliseconds since 1970. */
	readonly createdAt: number;
	/** In the words of whoever runs it. */
	readonly status: string;
	/** The state directory of who made it, where that is another one. */
	readonly directory?: string;
};

/** One thing that is looked at: it says what it found, and changes nothing but what `Place.clean` asks for. */
export type Check = {
	readonly name: string;
	/** No findings: it does not apply here. */
	readonly find: (place: Place) => Promise<readonly Finding[]>;
};

export type CheckFinding = Finding & {readonly check: string};

/** Where something is to be removed as well: an engine takes its time for many containers. */
const cleanMs = 120_000;

/** Does all checks side by side; their findings in the order of the checks. A check that takes too long, or breaks, is a problem itself. */
export async function findAll(checks: readonly Check[], place: Place): Promise<readonly CheckFinding[]> {
	const found = await Promise.all(
		checks.map(async check => (await findWithin(check, place)).map(finding => ({check: check.name, ...finding}))),
	);
	return found.flat();
}

async function findWithin({find}: Check, place: Place): Promise<readonly Finding[]> {
	const ms = place.clean ? cleanMs : place.config.limits.doctor_milliseconds;
	const over = new AbortController();
	const late = sleep<readonly Finding[]>(ms, [problem(`There was no answer within ${ms / 1000} s.`)], {signal: over.signal});
	late.catch(() => undefined); // it is not waited for any more
	try {
		return await Promise.race([find(place), late]);
	} catch (error) {
		return [problem(reasonOf(error))];
	} finally {
		over.abort();
	}
}

export function ok(says: string): Finding {
	return {status: 'ok', says};
}

export function note(says: string, mend?: string): Finding {
	return finding('note', says, mend);
}

export function warning(says: string, mend?: string): Finding {
	return finding('warning', says, mend);
}

export function problem(says: string, mend?: string): Finding {
	return finding('problem', says, mend);
}

function finding(status: FindingStatus, says: string, mend: string | undefined): Finding {
	return {status, says, ...(mend !== undefined && {mend})};
}

/** An error in one sentence. What is no error for people is a bug, and says so. */
export function reasonOf(error: unknown): string {
	if (error instanceof ByoaiError && error.code !== 'internal') return error.message;
	return `This check broke, which is a bug: ${messageOf(error)}`;
}
