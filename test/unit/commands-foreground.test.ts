import {expect, test} from 'vitest';
import {isInForeground} from '../../source/commands/terminal/foreground.ts';

const stat = (group: number, foreground: number) => `7 (byoai) R 1 ${group} 1 34816 ${foreground} 0`;

test.skipIf(process.platform !== 'linux').each([
	['the terminal is its own', () => stat(7, 7), true],
	['a shell has it back', () => stat(7, 3), false],
	['no terminal governs it', () => stat(7, -1), true],
	[
		'there is no /proc',
		() => {
			throw new Error('ENOENT');
		},
		true,
	],
] as const)('%s', (_, read, expected) => {
	expect(isInForeground(read)).toBe(expected);
});
