import {widthOf} from '../../text/columns.ts';
import {printable} from '../../text/printable.ts';
import type {Field, FormLayer} from '../layer.ts';
import type {Palette} from '../picture/palette.ts';
import {clip, fill, spread} from '../picture/rows.ts';
import {widestOf} from '../picture/table.ts';
import {wrap} from './dialog.ts';

/** A field a row, with what it is about and what is wrong with it below; the button at the end. */
export function formRows(layer: FormLayer, width: number, height: number, palette: Palette): string[] {
	const {strongRule, ellipsis} = palette.glyphs;
	const {fields, at, verb, isSent, problems} = layer;
	const title = clip(` ${printable(layer.title, false)} `, Math.min(width, widthOf(layer.title) + 2), ellipsis);
	const names = widestOf(
		fields.map(({name}) => name),
		6,
		24,
	);
	const about = layer.about === undefined ? [] : wrap(printable(layer.about, false), width - 4).map(line => palette.dim(line));
	const onButton = at === fields.length ? palette.chosen(` ${verb} `) : palette.bold(` ${verb} `);
	const button = isSent ? palette.dim(' asked, waiting for the answer ') : onButton;
	const body: string[] = [...about, ''];
	// The first and last row of what is being typed, which has to be in sight.
	let [from, to] = [0, 0];
	for (const [index, field] of fields.entries()) {
		if (index === at) from = body.length;
		body.push(...fieldRows(field, index === at, {names, width: width - 4, palette}));
		if (index === at) to = body.length;
	}
	if (at === fields.length) [from, to] = [body.length, body.length + 2];
	body.push('', button, ...problems.flatMap(problem => ['', ...wrap(printable(problem, false), width - 4).map(line => palette.bad(line))]));
	const top = Math.max(0, Math.min(to - (height - 1), from));
	const rows = body.slice(top).map(row => spread(`  ${row}`, '', width));
	return fill([palette.chosen(title) + palette.accent(strongRule.repeat(Math.max(0, width - widthOf(title)))), ...rows], width, height);
}

type FieldLook = {readonly names: number; readonly width: number; readonly palette: Palette};

function fieldRows(field: Field, isChosen: boolean, {names, width, palette}: FieldLook): string[] {
	const {ellipsis, mark} = palette.glyphs;
	const {name, value, choices, problem} = field;
	const room = width - names - 5;
	const label = `${isChosen ? mark : ' '} ${clip(name, names, ellipsis)}`;
	const shown = choices === undefined ? textBox(value, isChosen, room, palette) : choiceBox(choices, value, isChosen, room, palette);
	const below = [hintOf(field), problem].map((text, at) =>
		text === undefined || text === ''
			? []
			: wrap(printable(text, false), room).map(
					line => ' '.repeat(names + 4) + (at === 0 ? palette.dim : palette.bad)(clip(line, widthOf(line), ellipsis)),
				),
	);
	return [`${isChosen ? palette.bold(label) : label}  ${shown}`, ...(isChosen ? (below[0] ?? []) : []), ...(below[1] ?? [])];
}

/** The end of what is typed stays in sight. */
function textBox(value: string, isChosen: boolean, room: number, {chosen, glyphs, dim}: Palette): string {
	const text = printable(value, false);
	if (!isChosen) return text === '' ? dim(glyphs.dot) : clip(text, Math.min(room, widthOf(text)), glyphs.ellipsis);
	const characters = Array.from(text);
	while (widthOf(characters.join('')) > room - 1) characters.shift();
	return characters.join('') + chosen(' ');
}

function choiceBox(
	choices: readonly string[],
	value: string,
	isChosen: boolean,
	room: number,
	{chosen, dim, bold, glyphs}: Palette,
): string {
	const mark = isChosen ? chosen : bold;
	let row = '';
	let used = 0;
	for (const choice of choices) {
		const name = choice === '' ? 'none' : printable(choice, false);
		const text = choice === value ? `[${name}]` : ` ${name} `;
		if (used + widthOf(text) > room) break;
		used += widthOf(text);
		row += choice === value ? mark(text) : dim(text);
	}
	return row === '' ? clip(value, room, glyphs.ellipsis) : row;
}

function hintOf({type, isRequired, about, choices}: Field): string {
	const kind =
		choices !== undefined
			? 'left and right choose'
			: {string: '', integer: 'a whole number', number: 'a number', boolean: '', list: 'values with commas between'}[type];
	return [about?.replace(/\.$/, '') ?? '', kind, isRequired ? 'required' : ''].filter(text => text !== '').join('; ');
}
