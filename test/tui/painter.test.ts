import {expect, test} from 'vitest';
import type {Band} from '../../source/tui/screen.ts';
import {Painter, switchesOnly} from '../../source/tui/terminal/painter.ts';
import {ShownScreen} from '../helpers/shown-screen.ts';

/** A painter on a terminal, and what it wrote. */
function set({columns = 20, rows = 4} = {}) {
	const screen = new ShownScreen(columns, rows);
	const written: string[] = [];
	const painter = new Painter(text => {
		written.push(text);
		screen.terminal.write(text);
	});
	const paint = (bands: readonly Band[], size = {columns, rows}) => painter.paint({size, bands});
	return {screen, painter, paint, written};
}

const shownRows = (screen: ShownScreen) => screen.text.split('\n');

const band = (...rows: readonly string[]): Band => [{width: 20, rows}];

test('rows stand where they belong, and what is below them is empty', async () => {
	const {screen, paint} = set();
	paint([band('one', 'two'), band('\u001b[31mthree\u001b[39m')]);
	await expect.poll(() => shownRows(screen)).toEqual(['one', 'two', 'three', '']);
	paint([band('one')]);
	await expect.poll(() => shownRows(screen)).toEqual(['one', '', '', '']);
});

test('only rows that changed are written, and a picture that is there already not at all', () => {
	const {paint, written} = set();
	paint([band('one', 'two', 'three', 'four')]);
	paint([band('one', 'two', 'three', 'four')]);
	expect(written).toHaveLength(1);
	paint([band('one', 'TWO', 'three', 'four')]);
	expect(written).toHaveLength(2);
	expect(written[1]).toContain('TWO');
	expect(written[1]).not.toMatch(/one|three|four/);
});

test('areas side by side keep their columns, however wide their rows are', async () => {
	const {screen, paint} = set();
	paint([
		[
			{width: 6, rows: ['short', 'much too long', '日本語日本']},
			{width: 14, rows: ['right', 'right', 'right']},
		],
	]);
	await expect.poll(() => shownRows(screen).slice(0, 3)).toEqual(['short right', 'much tright', '日本語right']);
});

test('a row that is too wide does not go on in the next one', async () => {
	const {screen, paint} = set();
	paint([band('x'.repeat(50), 'second')]);
	await expect.poll(() => shownRows(screen).slice(0, 2)).toEqual(['x'.repeat(20), 'second']);
});

test('a terminal of another size, or one that somebody else had, gets everything', () => {
	const {paint, painter, written} = set();
	const picture = [band('one', 'two')];
	paint(picture);
	paint(picture, {columns: 19, rows: 4});
	expect(written.at(-1)).toMatch(/one.*two/s);
	painter.pause();
	paint(picture, {columns: 19, rows: 4});
	expect(written).toHaveLength(2);
	painter.resume();
	paint(picture, {columns: 19, rows: 4});
	expect(written).toHaveLength(3);
	expect(written.at(-1)).toMatch(/one.*two/s);
});

test('of what others write, only what switches the terminal passes', async () => {
	const passed: string[] = [];
	const stdout = {
		write(text: string, done?: () => void) {
			passed.push(text);
			done?.();
			return true;
		},
	} as NodeJS.WriteStream;
	const write = switchesOnly(stdout);
	write('\u001b[?1049h\u001b[?25l');
	write('\u001b[?2026h\u001b[2J\u001b[Hpicture\n\u001b[1A\u001b[2K\u001b[?2026l');
	await new Promise<void>(resolve => write(Buffer.from('\u001b[?2004l more'), () => resolve()));
	expect(passed).toEqual(['\u001b[?1049h\u001b[?25l', '', '\u001b[?2004l']);
});

test('what nobody knows to be there is written anew', async () => {
	const {screen, painter, paint} = set();
	paint([band('one', 'two')]);
	screen.terminal.write('\u001b[1;1Hsomebody else');
	paint([band('one', 'two')]);
	await expect.poll(() => shownRows(screen)[0]).toBe('somebody else');
	painter.forget();
	paint([band('one', 'two')]);
	await expect.poll(() => shownRows(screen)).toEqual(['one', 'two', '', '']);
});
