import {plainOf} from '../../text/cells.ts';
import type {LogLevel} from './level.ts';
import {levelOf} from './level.ts';
import type {LogPattern} from './pattern.ts';
import type {KeptLine} from './ring.ts';

/** Lines with the pattern are the only ones shown; with `hide`, all others are. */
export type LogFilter = {readonly pattern: LogPattern; readonly hide: boolean};

const gravity: Readonly<Record<LogLevel, number>> = {error: 3, warn: 2, info: 1, debug: 0};

/** Whether a line passes all filters and is at least of that level; lines that say no level count as `info`. Undefined: all do. */
export function passesAll(filters: readonly LogFilter[], least?: LogLevel): ((line: KeptLine) => boolean) | undefined {
	if (filters.length === 0 && least === undefined) return undefined;
	return line => {
		if (line.skipped !== undefined) return true;
		if (least !== undefined && gravity[levelOf(line.text) ?? 'info'] < gravity[least]) return false;
		const plain = plainOf(line.text);
		return filters.every(({pattern, hide}) => pattern.test(plain) !== hide);
	};
}
