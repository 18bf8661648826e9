import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {withKeys} from '../../scripts/keys-markdown.ts';
import {commandsOf} from '../../source/tui/commands/commands.ts';
import type {KeyContext} from '../../source/tui/keys/keymap.ts';
import {bindings} from '../../source/tui/keys/keymap.ts';
import {keyFaults, rebound} from '../../source/tui/keys/rebind.ts';
import {rowsOf} from './scene.ts';

test('docs/tui.md has the keys that there are', () => {
	const guide = readFileSync(new URL('../../docs/tui.md', import.meta.url), 'utf8');
	expect(withKeys(guide, bindings) === guide, 'docs/tui.md is not fresh: `npm run docs` makes it').toBe(true);
});

test('docs/tui.md has the commands that take something', () => {
	const guide = readFileSync(new URL('../../docs/tui.md', import.meta.url), 'utf8');
	for (const {name, operands} of commandsOf(bindings).filter(command => command.operands !== '')) {
		expect(guide).toContain(`:${name} ${operands.replaceAll('|', '\\|')}`);
	}
});

test('no key means two things in one place', () => {
	const meanings = new Map<string, string>();
	for (const {keys, context, action} of bindings) {
		for (const key of keys) {
			const place: `${KeyContext} ${string}` = `${context} ${key}`;
			expect(meanings.get(place), place).toBeUndefined();
			meanings.set(place, action);
		}
	}
});

describe('other keys', () => {
	test('in the help, and in the footer', () => {
		const keymap = rebound(bindings, {details: ['I'], why: []});
		const help = rowsOf({columns: 80, rows: 150}, {reader: {kind: 'help', top: 0}}, {keymap}).join('\n');
		expect(help).toMatch(/ {4}I +all about what is chosen/);
		expect(help).not.toContain('why it is waiting');
		expect(rowsOf({columns: 120, rows: 40}, {}, {keymap}).at(-1)).toMatch(/ I details/);
	});

	test('two that change places are no clash', () => {
		expect(keyFaults(bindings, {zoom: ['y'], copy: ['z']})).toEqual([]);
		expect(keyFaults(bindings, {zoom: ['y'], copy: []})).toEqual([]);
		expect(keyFaults(bindings, {zoom: ['y']})).toMatchObject([{action: 'zoom', key: 0}]);
		expect(keyFaults(bindings, {zoom: ['y'], copy: ['y']})).toHaveLength(2);
	});

	test('a nearer place may use a key that means something farther out', () => {
		expect(keyFaults(bindings, {why: ['z']})).toEqual([]);
	});
});
