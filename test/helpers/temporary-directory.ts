import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';

/** A new directory that is removed with all in it when the test is over. */
export function temporaryDirectory(): string {
	const path = mkdtempSync(join(tmpdir(), 'byoai-test-'));
	onTestFinished(() => rmSync(path, {recursive: true, force: true}));
	return path;
}
