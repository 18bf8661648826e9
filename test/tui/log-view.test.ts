import fc from 'fast-check';
import stringWidth from 'string-width';
import {describe, expect, test} from 'vitest';
import {plainOf} from '../../source/text/cells.ts';
import {createLogPaint} from '../../source/tui/logs/paint.ts';
import {logPattern} from '../../source/tui/logs/pattern.ts';
import type {LogOrigin, NewLine} from '../../source/tui/logs/ring.ts';
import {LogRing} from '../../source/tui/logs/ring.ts';
import {LogView} from '../../source/tui/logs/view.ts';

const origin: LogOrigin = {label: 'build', colour: 0, run: 'r1', task: 0, attempt: 1, agent: 'local-agent'};

function line(text: string, at = 0): NewLine {
	return {text, at, origin, stream: 'stdout'};
}

function lines(from: number, to: number): NewLine[] {
	return Array.from({length: to - from}, (_, at) => line(`line ${from + at}`, (from + at) * 1000));
}

/** A clock that stands still, so that no work is ever put off, unless told. */
function viewOf({limit = 10_000, count = 0, colour = false, now = (): number => 0} = {}): LogView {
	const ring = new LogRing({limit, chunkLines: 50});
	ring.append(lines(0, count));
	return new LogView({ring, paint: createLogPaint({colour, unicode: true}), now});
}

function pattern(text: string, regex = false): Extract<ReturnType<typeof logPattern>, {pattern: unknown}>['pattern'] {
	const made = logPattern(text, {regex});
	if ('problem' in made) throw new Error(made.problem);
	return made.pattern;
}

test('it follows the end', () => {
	const view = viewOf({count: 3});
	expect(view.rows(20, 5)).toEqual(['line 0', 'line 1', 'line 2']);
	view.ring.append(lines(3, 10));
	expect(view.rows(20, 5)).toEqual(['line 5', 'line 6', 'line 7', 'line 8', 'line 9']);
	expect(view).toMatchObject({following: true, cameSince: 0});
});

test('scrolled up it stays, counts what comes, and follows again at the end', () => {
	const view = viewOf({count: 10});
	view.rows(20, 3);
	view.scroll(-2);
	expect(view.rows(20, 3)).toEqual(['line 5', 'line 6', 'line 7']);
	view.ring.append(lines(10, 14));
	expect(view.rows(20, 3)).toEqual(['line 5', 'line 6', 'line 7']);
	expect(view).toMatchObject({following: false, cameSince: 4});
	view.page(1);
	expect(view.rows(20, 3)).toEqual(['line 7', 'line 8', 'line 9']);
	view.page(2);
	expect(view.rows(20, 3)).toEqual(['line 11', 'line 12', 'line 13']);
	expect(view.following).toBe(true);
	view.toStart();
	expect(view.rows(20, 3)).toEqual(['line 0', 'line 1', 'line 2']);
	view.scroll(-5);
	expect(view.rows(20, 3)).toEqual(['line 0', 'line 1', 'line 2']);
});

test('what is looked at stays when the ring overflows, with a gap further down that says so', () => {
	const view = viewOf({count: 1000, limit: 1000});
	view.rows(60, 3);
	view.scroll(-600);
	const before = view.rows(60, 3);
	view.ring.append(lines(1000, 9000));
	expect(view.ring.size).toBeLessThanOrEqual(1000);
	expect(view.rows(60, 3)).toEqual(before);
	expect(view.cameSince).toBe(8000);
	const shown: string[] = [];
	for (let page = 0; page < 1000 && !view.following; page++) {
		view.page(1);
		shown.push(...view.rows(60, 3));
	}
	expect(shown.filter(row => row.includes('not at hand'))).not.toEqual([]);
	expect(shown.at(-1)).toBe('line 8999');
});

test('older lines come in before, and nothing moves', () => {
	const view = viewOf();
	view.ring.append(lines(100, 120));
	view.rows(20, 4);
	view.toStart();
	const before = view.rows(20, 4);
	expect(view.wantsOlder).toBe(true);
	view.ring.prepend(lines(0, 100));
	expect(view.rows(20, 4)).toEqual(before);
	expect(view.wantsOlder).toBe(false);
	view.scroll(-1);
	expect(view.rows(20, 4)[0]).toBe('line 99');
});

test('older lines that have no room are not taken, and leave no gap', () => {
	const view = viewOf({count: 1000, limit: 1000});
	view.rows(20, 4);
	view.toStart();
	view.rows(20, 4);
	view.ring.prepend(lines(-2000, 0));
	expect(view.ring.size).toBeLessThanOrEqual(1000);
	view.scroll(-100);
	expect(view.rows(20, 4)[0]).toBe('line -100');
});

test('long lines are wrapped, or shown from a column on', () => {
	const view = viewOf();
	view.ring.append([line('abcdefghij'), line('日本語です')]);
	expect(view.rows(4, 9)).toEqual(['abcd', '日本']);
	view.look.shift(2);
	expect(view.rows(4, 9)).toEqual(['cdef', '本語']);
	view.look.setWrap(true);
	expect(view.rows(4, 9)).toEqual(['abcd', 'efgh', 'ij', '日本', '語で', 'す']);
	expect(view.rows(4, 4)).toEqual(['ij', '日本', '語で', 'す']);
	view.scroll(-1);
	expect(view.rows(4, 4)).toEqual(['efgh', 'ij', '日本', '語で']);
	expect(view.settings).toMatchObject({wrap: true, shift: 0});
});

test('times and labels stand before lines where there is room', () => {
	const view = viewOf();
	view.ring.append([line('hello', 65_250), {...line('oops', 66_000), stream: 'stderr'}]);
	view.look.setLabels(['build', 'test']);
	view.look.setTimestamps('relative', 0);
	expect(view.rows(60, 3)).toEqual(['   +1:05.250 build │ hello', '   +1:06.000 build ┃ oops']);
	expect(view.rows(24, 3)).toEqual(['hello', 'oops']);
	view.look.setTimestamps('time');
	expect(view.rows(60, 3)[0]).toMatch(/^\d\d:\d\d:05\.250 build │ hello$/);
});

describe('search', () => {
	test('finds the newest match, then those before and after it, round the end', () => {
		const view = viewOf({count: 300});
		view.rows(20, 9);
		expect(view.setSearch(pattern('line 42'))).toBe('wrapped');
		expect(view.rows(20, 9)[3]).toContain('line 42');
		expect(view.matches).toEqual({hits: 1, at: 1, whole: true});
		// Each letter searches anew from where it was before the first one.
		expect(view.setSearch(pattern('line \\d*7$', true))).toBe('wrapped');
		expect(view.rows(20, 9).join()).toContain('line 297');
		expect(view.nextMatch(false)).toBe('found');
		expect(view.rows(20, 9).join()).toContain('line 287');
		expect(view.nextMatch()).toBe('found');
		view.work();
		expect(view.matches).toMatchObject({hits: 30, whole: true});
		expect(view.setSearch(pattern('nowhere'))).toBe('none');
		expect(view.nextMatch()).toBe('none');
	});

	test('taken back while it is typed, it leads back to where one was', () => {
		const view = viewOf({count: 300});
		const before = [...view.rows(20, 9)];
		view.setSearch(pattern('line 42'));
		expect(view.rows(20, 9).join()).toContain('line 42');
		view.setSearch(undefined);
		expect(view.rows(20, 9)).toEqual(before);
		expect(view.following).toBe(true);
		view.setSearch(pattern('line 42'));
		view.keepSearch();
		view.setSearch(undefined);
		expect(view.rows(20, 9).join()).toContain('line 42');
	});

	test('walks over all matches in order', () => {
		const view = viewOf({count: 300});
		view.rows(20, 9);
		view.toStart();
		view.rows(20, 9);
		view.setSearch(pattern('9'));
		const found: number[] = [view.matches.at];
		while (view.nextMatch() === 'found') {
			view.rows(20, 9);
			found.push(view.matches.at);
		}
		expect(found).toEqual(Array.from({length: 57}, (_, at) => at + 1));
		expect(view.matches).toMatchObject({at: 1, hits: 57});
	});

	test('marks what was found, whatever the colours', () => {
		const view = viewOf({colour: true});
		view.ring.append([line('an \u001b[31mapple\u001b[0m'), line('no pear')]);
		view.rows(20, 9);
		view.setSearch(pattern('n ap'));
		expect(view.rows(20, 9)[0]).toBe('a\u001b[7;1;33mn ap\u001b[0m\u001b[31mple\u001b[0m');
	});

	test('capital letters count where there are some', () => {
		expect([pattern('err').test('ERR'), pattern('Err').test('ERR'), pattern('a.c').test('abc'), pattern('\\S', true).test('x')]).toEqual([
			...[true, false, false, true],
		]);
		expect(pattern('straße').find('DIE STRASSE, DIE STRAßE', 9)).toEqual([{from: 17, to: 23}]);
		expect(logPattern('(', {regex: true})).toEqual({problem: expect.stringContaining('Unterminated group')});
		expect(pattern('🙂').find('a🙂b', 9)).toEqual([{from: 1, to: 3}]);
		expect(pattern('.', true).find('🙂', 9)).toEqual([{from: 0, to: 2}]);
	});

	test('an expression that would take for ever does not', () => {
		const line = `${'a'.repeat(4000)}b`;
		expect([pattern('(a+)+$', true).test(line), pattern('(x|a|A)*c', true).find(line, 1)]).toEqual([false, []]);
	});

	test('goes on bit by bit where there are many lines', () => {
		let at = 0;
		// Each look at the clock costs a millisecond of it.
		const view = viewOf({count: 5000, now: () => at++});
		view.rows(20, 5);
		expect(view.setSearch(pattern('line 7'))).toBe('pending');
		for (let turn = 0; view.work(); turn++) expect(turn).toBeLessThan(1000);
		expect(view.matches).toMatchObject({hits: 111, whole: true});
		expect(view.following).toBe(false);
	});
});

test('errors are found by what lines say', () => {
	const view = viewOf({count: 50});
	view.ring.append([
		line('ERROR: no space left'),
		...lines(50, 100),
		line('{"level":"error","msg":"x"}'),
		line('0 errors'),
		line('[warn] hm'),
	]);
	view.rows(40, 9);
	expect(view.nextError(false)).toBe('found');
	expect(view.rows(40, 9).join()).toContain('"level"');
	expect(view.nextError(false)).toBe('found');
	expect(view.rows(40, 9)[3]).toBe('ERROR: no space left');
	expect(view.nextError(false)).toBe('wrapped');
});

test('filters show only what passes, now and as it comes', () => {
	const view = viewOf({count: 200});
	view.setFilters([
		{pattern: pattern('5'), hide: false},
		{pattern: pattern('15'), hide: true},
	]);
	expect(view.rows(20, 3)).toEqual(['line 175', 'line 185', 'line 195']);
	view.ring.append([line('nothing'), line('line 5555')]);
	expect(view.rows(20, 3)).toEqual(['line 185', 'line 195', 'line 5555']);
	view.scroll(-1);
	expect(view.rows(20, 3)).toEqual(['line 175', 'line 185', 'line 195']);
	view.setFilters([{pattern: pattern('nothing at all'), hide: false}]);
	expect(view.rows(20, 3)).toEqual([]);
	view.follow();
	view.setFilters([], 'warn');
	view.ring.append([line('WARN low'), line('INFO fine'), line('FATAL out')]);
	expect(view.rows(20, 3)).toEqual(['WARN low', 'FATAL out']);
	view.setFilters([]);
	view.follow();
	expect(view.rows(20, 2)).toEqual(['INFO fine', 'FATAL out']);
});

test('pinned where a filter leaves nothing from there on, it stays at the end that there was', () => {
	const view = viewOf({count: 40});
	view.rows(20, 3);
	view.scroll(-4);
	view.setFilters([{pattern: pattern('3'), hide: true}]);
	expect(view.rows(20, 3)).toEqual(['line 27', 'line 28', 'line 29']);
	view.ring.append(lines(40, 50));
	expect(view.rows(20, 3)).toEqual(['line 27', 'line 28', 'line 29']);
	expect(view.following).toBe(false);
});

const action = fc.oneof(
	fc.integer({min: 1, max: 120}).map(count => ({type: 'append', count}) as const),
	fc.integer({min: 1, max: 120}).map(count => ({type: 'prepend', count}) as const),
	fc.integer({min: -60, max: 60}).map(count => ({type: 'scroll', count}) as const),
	fc.record({type: fc.constant('size' as const), width: fc.integer({min: 1, max: 50}), height: fc.integer({min: 1, max: 12})}),
	fc.constantFrom({type: 'wrap'} as const, {type: 'start'} as const, {type: 'filter'} as const, {type: 'search'} as const),
);

test('whatever happens: rows fit, the end is shown while following, and nothing moves while pinned', () => {
	fc.assert(
		fc.property(fc.array(action, {maxLength: 30}), actions => {
			const view = viewOf({limit: 400, colour: true});
			let [next, first, width, height, filtered] = [0, 0, 20, 5, false];
			const text = (at: number) => line(`${at} ${'日本x\u001b[31m🙂\u001b[0m '.repeat(Math.abs(at) % 7)}`);
			for (const act of actions) {
				const before = view.rows(width, height);
				const pinned = !view.following;
				if (act.type === 'append') view.ring.append(Array.from({length: act.count}, () => text(next++)));
				else if (act.type === 'prepend' && view.ring.start === first && view.ring.size > 0) {
					view.ring.prepend(Array.from({length: act.count}, (_, at) => text(first - act.count + at)));
					first = view.ring.start;
				} else if (act.type === 'scroll') view.scroll(act.count);
				else if (act.type === 'size') [width, height] = [act.width, act.height];
				else if (act.type === 'wrap') view.look.setWrap(!view.settings.wrap);
				else if (act.type === 'start') view.toStart();
				else if (act.type === 'filter') {
					filtered = !filtered;
					view.setFilters(filtered ? [{pattern: pattern('3'), hide: true}] : []);
				} else if (act.type === 'search') view.setSearch(pattern('5'));
				const rows = view.rows(width, height);
				expect(rows.length).toBeLessThanOrEqual(height);
				for (const row of rows) expect(stringWidth(row)).toBeLessThanOrEqual(width);
				expect(view.ring.size).toBeLessThanOrEqual(400);
				if (act.type === 'append' && pinned) expect(rows.slice(0, before.length)).toEqual(before);
				if (view.following && !filtered && view.ring.size > 0) expect(view.visible.at(-1)?.seq).toBe(view.ring.end - 1);
			}
		}),
		{numRuns: 300},
	);
});

test('a line keeps its number, also when others come before it', () => {
	const ring = new LogRing({limit: 100, chunkLines: 10});
	ring.append(lines(0, 20));
	const seq = ring.atOrAfter(5);
	ring.prepend(lines(-30, 0));
	expect(plainOf(ring.get(seq ?? -1)?.text ?? '')).toBe('line 5');
	expect([ring.start, ring.end, ring.size, ring.received]).toEqual([-30, 20, 50, 20]);
	expect([ring.before(-30), ring.before(-29), ring.atOrAfter(19), ring.atOrAfter(20), ring.atOrAfter(-99)]).toEqual([
		...[undefined, -30, 19, undefined, -30],
	]);
});
