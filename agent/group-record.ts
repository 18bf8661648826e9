import {closeSync, ftruncateSync, openSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {processStat} from './process-group.ts';

/**
 * The process groups of a deployed agent's commands, in the file `groups` of its instance's directory: `+<pid> <start time>` when one began,
 * `-<pid>` when nothing of it runs any more. Its driver reads it when agent and watchdog are both dead, and nobody else is there to
 * end them. It holds a group as soon as the call returns; nothing of it need survive the machine.
 */
export class GroupRecord {
	readonly #file: number;
	readonly #say: (message: string) => void;
	readonly #groups = new Set<number>();

	constructor(directory: string, say: (message: string) => void) {
		this.#file = openSync(join(directory, 'groups'), 'a', 0o600);
		this.#say = say;
	}

	began(group: number): void {
		this.#groups.add(group);
		this.#write(() => writeSync(this.#file, `+${group} ${processStat(group)?.startTime ?? ''}\n`));
	}

	vanished(group: number): void {
		this.#groups.delete(group);
		// It stays as short as what runs at once.
		this.#write(() => (this.#groups.size === 0 ? ftruncateSync(this.#file) : writeSync(this.#file, `-${group}\n`)));
	}

	close(): void {
		closeSync(this.#file);
	}

	/** A full disk is no reason to run nothing: the watchdog is there all the same. */
	#write(write: () => unknown): void {
		try {
			write();
		} catch (error) {
			this.#say(`what runs could not be written down: ${error instanceof Error ? error.message : String(error)}`);
		}
	}
}
