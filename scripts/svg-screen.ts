import type {IBufferCell, Terminal} from '@xterm/headless';

/** Columns and rows of a terminal in the units of the picture. */
const cell = {width: 8.4, height: 18};
const margin = 14;
/** Where the line of letters is, within a row. */
const baseline = 13.5;
const ground = '#16181d';
const plain = '#d5d8de';
/** The terminal's own sixteen colours, as most have them on a dark ground. */
const colours = [
	...['#3b4048', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d5d8de'],
	...['#7f848e', '#ff7b86', '#b5e890', '#ffd68a', '#7cc4ff', '#e08cff', '#6fd7e4', '#ffffff'],
];

type Look = {readonly ink: string; readonly ground: string; readonly bold: boolean; readonly dim: boolean};
type Stretch = Look & {readonly from: number; text: string; columns: number};

/** What a terminal shows, as an SVG picture: letters stay letters, so that it is sharp at any size, and can be searched. */
export function svgScreen(terminal: Terminal, title: string): string {
	const width = terminal.cols * cell.width + 2 * margin;
	const height = terminal.rows * cell.height + 2 * margin;
	const parts: string[] = [];
	for (let row = 0; row < terminal.rows; row++) for (const stretch of stretches(terminal, row)) parts.push(...drawn(stretch, row));
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" role="img" aria-label="${escaped(title)}">`,
		`<title>${escaped(title)}</title>`,
		`<rect width="100%" height="100%" rx="8" fill="${ground}"/>`,
		`<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" xml:space="preserve">`,
		...parts,
		'</g>',
		'</svg>',
		'',
	].join('\n');
}

/** Cells side by side that look alike. */
function stretches(terminal: Terminal, row: number): Stretch[] {
	const {active} = terminal.buffer;
	const line = active.getLine(active.viewportY + row);
	const found: Stretch[] = [];
	for (let column = 0; column < terminal.cols; column++) {
		const here = line?.getCell(column);
		if (here === undefined || here.getWidth() === 0) continue;
		const look = lookOf(here);
		const text = here.getChars() || ' ';
		const last = found.at(-1);
		if (last !== undefined && isAlike(last, look)) {
			last.text += text;
			last.columns += here.getWidth();
		} else found.push({...look, from: column, text, columns: here.getWidth()});
	}
	return found;
}

function lookOf(here: IBufferCell): Look {
	const ink = here.isFgPalette() ? (colours[here.getFgColor()] ?? plain) : plain;
	const behind = here.isBgPalette() ? (colours[here.getBgColor()] ?? ground) : ground;
	const isInverse = here.isInverse() !== 0;
	return {ink: isInverse ? behind : ink, ground: isInverse ? ink : behind, bold: here.isBold() !== 0, dim: here.isDim() !== 0};
}

function isAlike(a: Look, b: Look): boolean {
	return a.ink === b.ink && a.ground === b.ground && a.bold === b.bold && a.dim === b.dim;
}

function drawn({ink, ground: behind, bold, dim, from, text, columns}: Stretch, row: number): string[] {
	const x = margin + from * cell.width;
	const y = margin + row * cell.height;
	const width = columns * cell.width;
	const parts: string[] = [];
	if (behind !== ground) {
		parts.push(`<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${cell.height}" fill="${behind}"/>`);
	}
	if (text.trim() !== '') {
		const more = `${bold ? ' font-weight="bold"' : ''}${dim ? ' opacity="0.6"' : ''}`;
		// Fonts differ in how wide a letter is: each stretch is as wide as its columns, whatever the font.
		const fit = `textLength="${round(width)}" lengthAdjust="spacingAndGlyphs"`;
		parts.push(`<text x="${round(x)}" y="${round(y + baseline)}" ${fit} fill="${ink}"${more}>${escaped(text)}</text>`);
	}
	return parts;
}

function round(value: number): string {
	return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
