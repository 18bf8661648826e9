import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';

/** Has something done at the end of what it is for; by default that is one test. */
export type AtEnd = (cleanUp: () => void | Promise<void>) => void;

/** A new directory that is removed with all in it when the test is over. */
export function temporaryDirectory(atEnd: AtEnd = onTestFinished): string {
	const path = mkdtempSync(join(tmpdir(), 'byoai-test-'));
	atEnd(() => rmSync(path, {recursive: true, force: true}));
	return path;
}
