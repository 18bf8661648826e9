/*
 * A process for tests to kill: `node store-child.ts <what> <path>` does one thing over and over and prints a line each time
 * it was told that something is durable.
 */
import {spawn} from 'node:child_process';
import {writeSync} from 'node:fs';
import {openLogFiles} from '../../source/store/log-files.ts';
import {openStore} from '../../source/store/sqlite.ts';
import {openStateDirectory} from '../../source/store/state-directory.ts';

const [what, path = ''] = process.argv.slice(2);

function say(text: string | number): void {
	writeSync(1, `${text}\n`);
}

/** Entry n is `ticked` at n; now and then a snapshot, whose state is the number it covers. */
function appendToStore(): never {
	const store = openStore(path);
	for (let at = 1; ; at++) {
		const sequence = store.append({events: [{type: 'ticked', at}], endedRuns: []});
		if (sequence % 100 === 0) store.saveSnapshot(sequence, sequence);
		say(sequence);
	}
}

/** The byte at offset n is n modulo 251. */
async function appendToLog(): Promise<never> {
	const logs = openLogFiles(path, {attemptBytes: 1e9});
	for (let offset = 0, at = 1; ; at++) {
		const data = Uint8Array.from({length: 1 + (at % 700)}, (_, index) => (offset + index) % 251);
		const {end} = await logs.append({run: 'r01', task: 0, attempt: 1}, [{offset, stream: 'stdout', at, data}]);
		offset = end;
		say(end);
	}
}

/** Owns a state directory and starts a process that outlives it. */
function own(): void {
	const directory = openStateDirectory(path, '1.2.3');
	directory.writeEndpoint({url: 'http://127.0.0.1:1'});
	const child = spawn('sleep', ['60'], {detached: true, stdio: 'ignore'});
	say(`${child.pid}`);
	// Keeps the process alive until it is killed.
	setInterval(() => say('still here'), 60_000);
}

if (what === 'store') appendToStore();
else if (what === 'logs') await appendToLog();
else own();
