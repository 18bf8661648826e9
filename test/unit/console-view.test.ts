import {PassThrough} from 'node:stream';
import {text} from 'node:stream/consumers';
import {expect, test} from 'vitest';
import {ConsoleView} from '../../source/commands/log-view/console-view.ts';
import {Output} from '../../source/commands/terminal/output.ts';
import {createStyle} from '../../source/text/style.ts';
import {logLine, runDetail, runId, taskDetail, taskRow} from '../helpers/rows.ts';

test('an end stands where it happened between the lines, however late it was heard of', async () => {
	const stream = new PassThrough();
	const output = new Output(stream);
	const ask = async () => runDetail();
	const view = new ConsoleView({
		output,
		style: createStyle({colour: false, unicode: true}),
		ask,
		manyRuns: false,
		resumed: false,
		isLive: false,
	});
	const build = taskDetail({name: 'build', task: 0});
	view.begin(runDetail({id: runId, tasks: [build, taskDetail({name: 'test', task: 1})]}));
	const at = Date.now() - 5000;
	const ended = taskRow({name: 'build', status: 'succeeded', attempt: 1, assignedAt: at - 2, endedAt: at});
	view.news({type: 'change', rows: {tasks: [ended, taskRow({name: 'test', task: 1, status: 'running', attempt: 1, assignedAt: at + 1})]}});
	view.line(logLine({name: 'build', text: 'its last line', at}));
	view.line(logLine({name: 'test', task: 1, text: 'attempt 1', at: at + 3}));
	view.news({
		type: 'change',
		rows: {
			tasks: [taskRow({name: 'test', task: 1, status: 'running', attempt: 2, assignedAt: at + 8, before: {status: 'failed', exitCode: 7}})],
		},
	});
	view.line(logLine({name: 'test', task: 1, attempt: 1, text: 'its last line', at: at + 5}));
	view.line(logLine({name: 'test', task: 1, attempt: 2, text: 'attempt 2', at: at + 9}));
	view.close();
	await new Promise(resolve => setImmediate(resolve));
	stream.end();
	const lines = (await text(stream)).split('\n').map(line => line.replace(/^\d\d:\d\d:\d\d {2}/, ''));
	expect(lines.slice(1)).toEqual([
		'build  its last line',
		'build  ✔ succeeded in 2 ms',
		'test   attempt 1',
		'test   its last line',
		'test   ↻ attempt 2: the one before failed: exit 7',
		'test   attempt 2',
		'',
	]);
});
