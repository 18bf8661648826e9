import type {EventEmitter} from 'node:events';
import {once} from 'node:events';

/** A stop comes within it; where it does not, there is none. */
const stopWithinMs = 300;

/** Stops this process, and those with it, as Ctrl+Z does; resolves when it goes on, or with false: no shell is there that could have it go on. */
export async function stopProcess(signals: EventEmitter): Promise<boolean> {
	const given = new AbortController();
	const goesOn = once(signals, 'SIGCONT', {signal: given.signal}).then(
		() => true,
		() => false,
	);
	// The system passes it over where nobody would bring them back, as in a terminal of their own; SIGSTOP it would not.
	process.kill(0, 'SIGTSTP');
	// While they are stopped, it does not run on.
	const timer = setTimeout(() => given.abort(), stopWithinMs);
	const hasStopped = await goesOn;
	clearTimeout(timer);
	return hasStopped;
}
