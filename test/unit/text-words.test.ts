import {describe, expect, test} from 'vitest';
import {formatHelp} from '../../source/commands/help.ts';
import {commands} from '../../source/commands/registry.ts';
import {Diagnostics} from '../../source/commands/terminal/diagnostics.ts';
import {Output} from '../../source/commands/terminal/output.ts';
import {widthOf} from '../../source/text/columns.ts';
import {formatMeanings, hanging, wrapWords} from '../../source/text/words.ts';
import {Sink} from '../helpers/program.ts';

describe('words in a narrow terminal', () => {
	test('are not broken', () => {
		expect(wrapWords('one two three', 7)).toEqual(['one two', 'three']);
		expect(wrapWords('one two three', 13)).toEqual(['one two three']);
		expect(wrapWords('https://a.long.address x', 8)).toEqual(['https://a.long.address', 'x']);
		expect(wrapWords('漢字 漢字', 5)).toEqual(['漢字', '漢字']);
	});

	test('the first line may have less room', () => {
		expect(wrapWords('one two three', 9, 5)).toEqual(['one', 'two three']);
	});

	test('a command in backquotes can be copied as it is', () => {
		expect(wrapWords('run `docker rm x` now', 10)).toEqual(['run', '`docker rm x`', 'now']);
	});

	test('go on under the first ones', () => {
		expect(hanging('ok: ', 'all of this is good to know', 30)).toEqual(['ok: all of this is good to', '    know']);
		expect(hanging('✖ a-task: ', 'all of this is good to know', 36, 4)).toEqual(['✖ a-task: all of this is good to', '    know']);
		expect(hanging('ok: ', 'all of this', 10), 'too narrow for prose').toEqual(['ok: all of this']);
	});

	test('meanings stand beside their names', () => {
		const rows = [
			['-a', 'first'],
			['--bcd', 'the second one of these two is longer'],
		] as const;
		expect(formatMeanings(rows, 40)).toEqual(['  -a     first', '  --bcd  the second one of these two is', '         longer']);
	});
});

test.each(commands.map(command => [command.name, command] as const))('the help of "%s" keeps within 80 columns', (_, command) => {
	const wide = formatHelp(command, commands, 80)
		.split('\n')
		.filter(line => widthOf(line) > 80);
	expect(wide).toEqual([]);
});

test('what is said to people on a terminal is broken between words, each line by itself', async () => {
	const sink = Object.assign(new Sink(), {isTTY: true as const, columns: 40});
	const output = new Output(sink);
	const diagnostics = new Diagnostics({output, level: 'info', colour: false});
	diagnostics.info('agent box runs as root in its container, as byoai does here');
	diagnostics.error('no orchestrator runs where byoai looked:\n  the state directory /somewhere: no orchestrator has it');
	await output.flush();
	expect(sink.text.split('\n')).toEqual([
		'byoai: agent box runs as root in its',
		'       container, as byoai does here',
		'byoai: no orchestrator runs where byoai',
		'       looked:',
		'  the state directory /somewhere: no',
		'  orchestrator has it',
		'',
	]);
});
