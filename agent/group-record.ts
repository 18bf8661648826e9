import {closeSync, ftruncateSync, openSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {messageOf} from '../source/model/error.ts';
import {processStat} from './process-group.ts';

/**
 * The process groups of a deployed agent's commands, in the file `groups` of its instance's directory, a line each: `?<mark>` before a command is
 * started, `+<pid> <start time> <mark>` when its group began, `!<mark>` when none did, `-<pid>` when nothing of a group runs any more. Its
 * driver reads it when agent and watchdog are both dead, and nobody else is there to end them: what it finds marked and never begun,
 * it looks for by the mark. What is told is in the file when the call returns; nothing of it need survive the machine.
 */
export class GroupRecord {
	readonly #file: number;
	readonly #say: (message: string) => void;
	readonly #starting = new Set<string>();
	readonly #groups = new Set<number>();

	constructor(directory: string, say: (message: string) => void) {
		this.#file = openSync(join(directory, 'groups'), 'a', 0o600);
		this.#say = say;
	}

	starting(mark: string): void {
		this.#starting.add(mark);
		this.#write(`?${mark}`);
	}

	notStarted(mark: string): void {
		this.#starting.delete(mark);
		this.#writeEnd(`!${mark}`);
	}

	began(group: number, mark: string): void {
		this.#starting.delete(mark);
		this.#groups.add(group);
		this.#write(`+${group} ${processStat(group)?.startTime ?? ''} ${mark}`);
	}

	vanished(group: number): void {
		this.#groups.delete(group);
		this.#writeEnd(`-${group}`);
	}

	close(): void {
		closeSync(this.#file);
	}

	/** It stays as short as what runs at once. */
	#writeEnd(line: string): void {
		if (this.#groups.size + this.#starting.size > 0) this.#write(line);
		else this.#try(() => ftruncateSync(this.#file));
	}

	#write(line: string): void {
		this.#try(() => writeSync(this.#file, `${line}\n`));
	}

	/** A full disk is no reason to run nothing: the watchdog is there all the same. */
	#try(change: () => unknown): void {
		try {
			change();
		} catch (error) {
			this.#say(`what runs could not be written down: ${messageOf(error)}`);
		}
	}
}
