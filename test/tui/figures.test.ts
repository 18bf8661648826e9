import fc from 'fast-check';
import stringWidth from 'string-width';
import {expect, test} from 'vitest';
import {formatBytes, formatRate, fractionIn, progressBar, RateMeter} from '../../source/text/figures.ts';

test('bytes and rates are short, and never of four digits', () => {
	expect([0, 999, 1024, 1536, 1_048_575, 45_000_000, 5 * 2 ** 40].map(formatBytes)).toEqual([
		...['0 B', '999 B', '1 KiB', '1.5 KiB', '1 MiB', '42.9 MiB', '5 TiB'],
	]);
	expect([formatRate(1.5 * 2 ** 20), formatRate(12_345, 'lines'), formatRate(0.42, 'tasks')]).toEqual([
		...['1.5 MiB/s', '12,345 lines/s', '0.4 tasks/s'],
	]);
});

test('a bar is as long as what is done', () => {
	expect(progressBar({done: 1, total: 4}, 10, false)).toBe('━━╸───────');
	expect(progressBar({done: 1, total: 2}, 10, true)).toBe('#####-----');
	expect(progressBar({done: 9, total: 4}, 4, false)).toBe('━━━━');
});

test('a bar has the width that it is to have, whatever is done', () => {
	fc.assert(
		fc.property(
			fc.integer({min: 1, max: 60}),
			fc.nat(),
			fc.option(fc.nat(), {nil: undefined}),
			fc.boolean(),
			(width, done, total, ascii) => {
				expect(stringWidth(progressBar({done, total}, width, ascii))).toBe(width);
			},
		),
	);
});

test('a rate follows what happens, falls in a pause, and begins anew with the count', () => {
	const meter = new RateMeter(1000);
	expect(meter.update(0, 0)).toBe(0);
	expect(meter.update(100, 1000)).toBe(100);
	expect(meter.update(300, 2000)).toBe(150);
	expect(meter.update(300, 3000)).toBe(75);
	expect(meter.update(5, 4000)).toBe(0);
	expect(meter.perSecond).toBe(0);
});

test('how far something is that is told in words', () => {
	expect(['pulling 43 % (3 of 7 layers), 12 MiB of 28 MiB', 'pulling 100 % (7 of 7 layers)'].map(fractionIn)).toEqual([0.43, 1]);
	// A step that is told of has only begun, and what is pulled for it is not the whole.
	expect(fractionIn('building byoai-agent:latest: step 3/9, pulling 80 % (1 of 2 layers)')).toBeCloseTo(2 / 9);
	expect(['pulling its image', 'its container is starting', 'pulling 430 %'].map(fractionIn)).toEqual([undefined, undefined, 1]);
});
