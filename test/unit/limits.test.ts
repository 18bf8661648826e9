import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {defaultLimits} from '../../source/model/limits.ts';

/** Names and defaults as docs/operations.md has them. */
function documented(): Record<string, number> {
	const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
	const units: Record<string, number> = {KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30};
	return Object.fromEntries(
		[...text.matchAll(/^\| `(\w+)` \| ([\d,]+)(?: (\w+))? \|/gm)].map(([, name = '', count = '', unit = '']) => [
			name,
			Number(count.replaceAll(',', '')) * (units[unit] ?? 1),
		]),
	);
}

test('docs/operations.md lists every limit with its default', () => {
	expect(documented()).toEqual({...defaultLimits});
});
