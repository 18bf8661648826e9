import * as fc from 'fast-check';
import type {AttemptRef} from '../../source/model/ids.ts';
import {anyEdits, anyNumber, anyText, edited} from './texts.ts';

/** Attempts that are there, and some that are not. */
function anyRef(runs: readonly string[]): fc.Arbitrary<AttemptRef> {
	return fc.record({run: fc.constantFrom(...runs, 'r0none'), task: fc.nat(3), attempt: fc.integer({min: 1, max: 3})});
}

const outcome = fc.record(
	{
		status: fc.constantFrom('succeeded', 'failed', 'timed_out', 'cancelled', 'lost'),
		exitCode: fc.nat(255),
		signal: fc.constantFrom('SIGTERM', 'x'),
		reason: anyText,
		durationMs: fc.nat(1e6),
	},
	{requiredKeys: ['status']},
);

const chunk = fc.record({
	stream: fc.constantFrom('stdout', 'stderr'),
	at: fc.oneof(fc.nat(2 ** 41), fc.constantFrom(0, 0.5, 8.64e15)),
	data: fc.uint8Array({maxLength: 40}).map(bytes => Buffer.from(bytes).toString('base64')),
});

/** A Report that can be read, of sessions and attempts like these. */
export function anyReport(runs: readonly string[]) {
	const ref = anyRef(runs);
	return fc.record({
		session: fc.constantFrom('s1', 's2', 's3'),
		number: fc.integer({min: 1, max: 30}),
		held: fc.array(ref, {maxLength: 4}),
		free: fc.constantFrom(0, 1, 2, 1000, Number.MAX_SAFE_INTEGER),
		outcomes: fc.array(fc.record({ref, outcome, logBytes: fc.constantFrom(0, 1, 10, Number.MAX_SAFE_INTEGER)}), {maxLength: 3}),
		logs: fc.array(
			fc.record({ref, offset: fc.constantFrom(0, 1, 5, 40, Number.MAX_SAFE_INTEGER), chunks: fc.array(chunk, {maxLength: 3})}),
			{maxLength: 3},
		),
		waitMs: fc.constantFrom(0, 0, 1, 5),
	});
}

/** Nothing that does harm where it runs: every command here ends at once. */
const command = fc.constantFrom<string | string[]>(
	'true',
	'exit 3',
	'echo x',
	['true', 'false'],
	'',
	['', ''],
	'kill -9 $$',
	'echo "$A"; exec 1>&-',
	'(',
);

/** Orders that can be read; what they start is harmless. */
export function anyOrders(runs: readonly string[], session: string) {
	const ref = anyRef(runs);
	const assignment = fc.record(
		{
			ref,
			task: anyText,
			command,
			shell: fc.constantFrom(['sh', '-c'], ['bash'], ['/nonexistent/shell'], ['sh', '-c', '-x'], ['\0']),
			env: fc.dictionary(fc.constantFrom('A', 'PATH', '', 'a=b', '__proto__', '\0'), fc.constantFrom('', 'x', 'a\0b', '\ud800'), {
				maxKeys: 2,
			}),
			workingDir: fc.constantFrom('/', '/nonexistent', '', '.', '\0'),
			timeoutMs: fc.constantFrom(1, 1000, 8.64e15),
			graceMs: fc.constantFrom(0, 1, 100, 8.64e15),
		},
		{requiredKeys: ['ref', 'task', 'command', 'env', 'graceMs']},
	);
	return fc.record({
		session: fc.constantFrom(session, session, session, 'another', ''),
		answers: fc.nat(12),
		leaseMs: fc.constantFrom(60_000, 60_000, 60_000, 0, 1, 8.64e15),
		start: fc.array(assignment, {maxLength: 2}),
		stop: fc.array(ref, {maxLength: 3}),
		acknowledged: fc.record({
			outcomes: fc.array(ref, {maxLength: 3}),
			logs: fc.array(fc.record({ref, offset: fc.oneof(fc.nat(10), fc.constant(Number.MAX_SAFE_INTEGER))}), {maxLength: 2}),
		}),
		drain: fc.boolean(),
	});
}

/** A request to run a command; harmless, too. */
export const anyTask = fc.record(
	{
		name: anyText,
		command,
		env: fc.dictionary(fc.constantFrom('A', '', 'a=b', '\0'), anyText, {maxKeys: 2}),
		working_dir: fc.constantFrom('/', '/nonexistent', '\0', null),
		timeout: fc.oneof(fc.constantFrom<unknown>('1s', '', '5x', 0, -1, null, 1e300, '1h'), anyNumber),
		shell: fc.constantFrom<unknown>('sh', 'bash', '/nonexistent', '', [], ['sh', '-c'], [''], 'a b', null),
	},
	{requiredKeys: ['name', 'command']},
);

/** The same with a few edits, so that most can nearly be read. */
export function nearly<Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<unknown> {
	return fc.tuple(values, anyEdits).map(([value, edits]) => edited(value, edits));
}

/** The same for what an agent is to run: a message whose commands, and what runs them, are as they were. */
export function harmlessly<Value extends object>(values: fc.Arbitrary<Value>): fc.Arbitrary<unknown> {
	return fc.tuple(values, anyEdits).map(([value, edits]) => {
		const {start, command, shell, ...rest} = {start: undefined, command: undefined, shell: undefined, ...value};
		const changed = edited(rest, edits);
		if (typeof changed !== 'object' || changed === null) return changed;
		return {...changed, ...(start !== undefined && {start}), ...(command !== undefined && {command}), ...(shell !== undefined && {shell})};
	});
}
