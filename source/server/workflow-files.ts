import {readFileSync, statSync} from 'node:fs';
import {readFile, realpath, stat} from 'node:fs/promises';
import {dirname, resolve, sep} from 'node:path';
import {ByoaiError, messageOf} from '../model/error.ts';
import {decodeText} from '../workflow/text.ts';

export type WorkflowFile = {readonly text: string; readonly file: string; readonly directory: string};

/**
 * Reads a workflow file of the workflow directory, symbolic links resolved. What is outside of it is `not_found` like what is not
 * there at all, so that nobody can find out about other files.
 */
export async function readWorkflowFile(workflowDir: string, file: string, mostBytes: number): Promise<WorkflowFile> {
	const missing = () => new ByoaiError('not_found', `there is no workflow file ${file} in the workflow directory (WORKFLOW_DIR)`);
	const path = await insidePath(workflowDir, file);
	if (path === undefined) throw missing();
	const found = await stat(path);
	if (!found.isFile()) throw missing();
	if (found.size > mostBytes) throw tooLarge(file, mostBytes);
	try {
		return {text: decodeText(await readFile(path), file), file, directory: dirname(path)};
	} catch (error) {
		if (error instanceof ByoaiError) throw error;
		throw new ByoaiError('invalid', `workflow file ${file} cannot be read: ${messageOf(error)}`, {cause: error});
	}
}

/** The real path, where it lies inside of the directory. */
async function insidePath(directory: string, file: string): Promise<string | undefined> {
	try {
		const root = await realpath(directory);
		const path = await realpath(resolve(root, file));
		return path.startsWith(root.endsWith(sep) ? root : root + sep) ? path : undefined;
	} catch {
		return undefined; // whatever the reason, there is no such file for the caller
	}
}

/** Reads an env file, relative to `directory`; undefined when it is not there. Throws `invalid` when it cannot be read. */
export function readEnvFile(directory: string, file: string, mostBytes: number): string | undefined {
	const path = resolve(directory, file);
	try {
		const found = statSync(path, {throwIfNoEntry: false});
		// A device or a pipe could be read without end.
		if (found?.isFile() !== true) return undefined;
		if (found.size > mostBytes) throw tooLarge(file, mostBytes);
		return decodeText(readFileSync(path), file);
	} catch (error) {
		if (error instanceof ByoaiError) throw error;
		throw new ByoaiError('invalid', `env file ${file} cannot be read: ${messageOf(error)}`, {cause: error});
	}
}

function tooLarge(file: string, mostBytes: number): ByoaiError {
	return new ByoaiError('invalid', `${file} is larger than the limit workflow_bytes permits (${mostBytes} bytes)`);
}
