import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {parseProcessStat} from '../../source/model/process-stat.ts';

test('a name may hold blanks, brackets and what looks like fields', () => {
	const rest = Array.from({length: 30}, (_, at) => at + 20).join(' ');
	expect(parseProcessStat(`7 (a (b) Z 1 2) S 4 5 6 34816 9 ${rest}`)).toEqual({
		state: 'S',
		parent: 4,
		group: 5,
		foreground: 9,
		startTime: '33',
	});
});

test.skipIf(process.platform !== 'linux')('of this process', () => {
	const {parent, state, startTime} = parseProcessStat(readFileSync('/proc/self/stat', 'latin1'));
	expect({parent, state}).toEqual({parent: process.ppid, state: 'R'});
	expect(Number(startTime)).toBeGreaterThan(0);
});
