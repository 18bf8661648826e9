import {constants} from 'node:os';
import type {ErrorCode} from '../model/error.ts';
import type {RunStatus} from '../model/run.ts';

/** The run failed, or was cancelled; also an error in the program itself, for which the contract has no number of its own. */
export const failed = 1;
/** Wrong usage, or an invalid workflow. */
export const wrongUsage = 2;
/** Something needed is not there. */
export const missing = 3;

const byCode: Readonly<Record<ErrorCode, number>> = {
	usage: wrongUsage,
	malformed: wrongUsage,
	invalid: wrongUsage,
	not_found: wrongUsage,
	conflict: wrongUsage,
	too_large: wrongUsage,
	unauthorized: missing,
	forbidden: missing,
	limit: missing,
	unsupported: missing,
	unavailable: missing,
	stopping: missing,
	internal: failed,
};

/** The exit status for an error that ends the program. */
export function statusOfError(code: ErrorCode): number {
	return byCode[code];
}

/** The exit status for a run that has ended. */
export function statusOfRun(status: RunStatus): number {
	return status === 'succeeded' ? 0 : failed;
}

/** 128 + n, as shells count it. */
export function statusOfSignal(signal: keyof typeof constants.signals): number {
	return 128 + constants.signals[signal];
}
