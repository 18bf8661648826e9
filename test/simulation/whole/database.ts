import {copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {openStore} from '../../../source/store/sqlite.ts';
import type {Store} from '../../../source/store/store.ts';
import type {Random} from '../random.ts';

/** Files in memory, where there are such: what tears here is copied, so that nothing need be on a disk. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** The journal's real SQLite files. A crash leaves a copy of them as they are at that moment, perhaps with a torn tail, to the next life. */
export class Database {
	readonly #directory = mkdtempSync(join(base, 'byoai-simulation-'));
	#life = 0;
	#store: Store | undefined;

	/** Takes them up, as a program that starts does. */
	open(): Store {
		mkdirSync(join(this.#directory, String(this.#life)), {recursive: true});
		this.#store = openStore(this.#path);
		return this.#store;
	}

	/** What the write-ahead log has by now. */
	get walBytes(): number {
		return statSync(`${this.#path}-wal`, {throwIfNoEntry: false})?.size ?? 0;
	}

	/** `tornFrom`: of what the write-ahead log has beyond, only a part is on the disk. */
	crash(random: Random, tornFrom?: number): void {
		if (this.#store === undefined) return;
		const before = this.#path;
		this.#life++;
		mkdirSync(join(this.#directory, String(this.#life)));
		for (const ending of ['', '-wal']) if (existsSync(before + ending)) copyFileSync(before + ending, this.#path + ending);
		if (tornFrom !== undefined) truncateSync(`${this.#path}-wal`, tornFrom + random.below(this.walBytes - tornFrom));
		this.#store.close();
		this.#store = undefined;
		rmSync(join(before, '..'), {recursive: true});
	}

	/** In good order. */
	close(): void {
		this.#store?.close();
		this.#store = undefined;
	}

	remove(): void {
		this.close();
		rmSync(this.#directory, {recursive: true, force: true});
	}

	get #path(): string {
		return join(this.#directory, String(this.#life), 'byoai.db');
	}
}
