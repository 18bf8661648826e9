import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {Session} from '../../agent/session.ts';
import {createClient} from '../../source/client/client.ts';
import {Mirror} from '../../source/client/mirror.ts';
import {readServerEvents} from '../../source/client/sse.ts';
import {ByoaiError} from '../../source/model/error.ts';
import {attemptKey} from '../../source/model/ids.ts';
import type {Orders} from '../../source/protocol/messages.ts';
import {parseOrders, parseReport} from '../../source/protocol/parse.ts';
import {parseTaskRequest} from '../../source/protocol/task.ts';
import {fuzz, fuzzTimeout} from './fuzz.ts';
import {anyOrders, anyReport, anyTask, nearly} from './messages.ts';
import {anyJson} from './texts.ts';

const runs = ['r1', 'r2'];
const orders = {session: 's', answers: 0, leaseMs: 60_000, start: [], stop: [], acknowledged: {outcomes: [], logs: []}, drain: false};

/** What is read reads the same again; what is not is refused with the place. */
function expectRead(parse: (value: unknown) => unknown, value: unknown): void {
	let read: unknown;
	try {
		read = parse(value);
	} catch (error) {
		expect(error).toBeInstanceOf(ByoaiError);
		expect((error as ByoaiError).code).toMatch(/malformed|invalid/);
		expect((error as ByoaiError).message).toContain(' must be ');
		return;
	}
	expect(parse(JSON.parse(JSON.stringify(read)))).toEqual(read);
}

test('every message is read, or refused with what must be where', fuzzTimeout, async () => {
	const values = fc.oneof(nearly(anyReport(runs)), nearly(anyOrders(runs, 's')), nearly(anyTask), anyJson);
	const property = fc.property(values, value => {
		for (const parse of [parseReport, parseOrders]) expectRead(parse, value);
		try {
			parseTaskRequest(value);
		} catch (error) {
			expect(error).toBeInstanceOf(ByoaiError);
		}
	});
	// JSON has a -0, which it writes as 0.
	await fuzz('messages', property, {runs: 1000, examples: [[{...orders, answers: -0}]]});
});

test('whatever Orders come in whatever order, the session of an agent stays in order', fuzzTimeout, async () => {
	type Step = {readonly orders: Orders} | {readonly report: true} | {readonly finish: number} | {readonly ms: number};
	const step: fc.Arbitrary<Step> = fc.oneof(
		{weight: 3, arbitrary: anyOrders(runs, 's').map(orders => ({orders: parseOrders(orders)}))},
		{weight: 3, arbitrary: fc.constant({report: true as const})},
		{weight: 2, arbitrary: fc.nat(5).map(finish => ({finish}))},
		{weight: 1, arbitrary: fc.constantFrom(1, 50_000, 61_000).map(ms => ({ms}))},
	);
	const property = fc.property(fc.array(step, {maxLength: 30}), steps => {
		const session = new Session('s', 2);
		const begun = new Set<string>();
		const settled = new Set<string>();
		let ms = 0;
		for (const step of steps) {
			const now = {monotonicMs: ms, wallMs: ms};
			if ('ms' in step) ms += step.ms;
			else if ('report' in step) session.report(now, 0, []);
			else if ('finish' in step) {
				const ref = session.live()[step.finish];
				if (ref !== undefined) session.finished(ref, {status: 'succeeded'}, 0);
			} else {
				const applied = session.apply(step.orders, now);
				for (const ref of applied.settled) settled.add(attemptKey(ref));
				for (const {ref} of applied.start) {
					// Only what was settled, and so is over for the orchestrator as well, could ever be begun again.
					expect(begun.has(attemptKey(ref)) && !settled.has(attemptKey(ref))).toBe(false);
					begun.add(attemptKey(ref));
				}
				const live = new Set(session.live().map(attemptKey));
				for (const ref of applied.stop) expect(live.has(attemptKey(ref))).toBe(true);
				expect(applied.accepted || applied.start.length + applied.stop.length + applied.settled.length === 0).toBe(true);
			}
			expect(session.free).toBeGreaterThanOrEqual(0);
			expect(session.free).toBeLessThanOrEqual(2);
		}
	});
	await fuzz('session', property, {runs: 400});
});

/** The bytes of a stream in chunks that are cut anywhere. */
const anyChunks = (text: fc.Arbitrary<string>) =>
	fc.tuple(text, fc.array(fc.nat(60), {maxLength: 12})).map(([whole, lengths]) => {
		const bytes = Buffer.from(whole);
		const chunks: Uint8Array[] = [];
		let at = 0;
		for (const length of lengths) {
			chunks.push(bytes.subarray(at, at + length));
			at += length;
		}
		return [...chunks, bytes.subarray(at)];
	});

const row = fc.record({id: fc.constantFrom('r1', 'a'), version: fc.nat(9)});
const rows = fc.record({runs: fc.array(row, {maxLength: 2}), tasks: fc.array(row, {maxLength: 2}), agents: fc.array(row, {maxLength: 2})});
const eventText = fc
	.array(
		fc.oneof(
			fc
				.tuple(fc.constantFrom('snapshot', 'change', 'other'), fc.nat(9), rows)
				.map(([type, id, data]) => `id: e-${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`),
			fc.constantFrom(
				':\n\n',
				'data: x\n\n',
				'event: change\ndata: {\n\n',
				'event: snapshot\ndata: null\n\n',
				'event: change\ndata: 7\n\n',
				'id\n',
				'event: change\r\n',
				'\n',
				': x',
			),
			fc.string({unit: 'binary', maxLength: 20}),
		),
		{maxLength: 6},
	)
	.map(parts => parts.join(''));

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
	yield* items;
}

function bodyOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
	return new ReadableStream({
		start(controller) {
			for (const chunk of chunks) controller.enqueue(chunk);
			controller.close();
		},
	});
}

test(
	'a stream means the same however it is cut, and one that is broken or no stream of ours is an error in words',
	fuzzTimeout,
	async () => {
		const property = fc.asyncProperty(anyChunks(eventText), async chunks => {
			const whole = await Array.fromAsync(readServerEvents(each([Buffer.concat(chunks)])));
			expect(await Array.fromAsync(readServerEvents(each(chunks)))).toEqual(whole);
			const abort = new AbortController();
			const client = createClient({url: 'http://localhost', fetch: async () => new Response(bodyOf(chunks))});
			const mirror = new Mirror(client, {wait: async () => abort.abort()});
			await expectWords(mirror.follow(abort.signal));
			await expectWords(Array.fromAsync(client.lines({})));
			await expectWords(Array.fromAsync(client.taskLog({run: 'r', task: 't'})));
			await expectWords(client.run('r'));
		});
		// What is no line of ours, or only the beginning of one.
		const examples: [Uint8Array[]][] = [[[Buffer.from(':\n\n')]], [[Buffer.from('{"text":"a"}\n{"te')]]];
		await fuzz('streams', property, {runs: 200, examples});
	},
);

async function expectWords(work: Promise<unknown>): Promise<void> {
	const error: unknown = await work.then(
		() => undefined,
		(error: unknown) => error,
	);
	if (error === undefined) return;
	expect(error).toBeInstanceOf(ByoaiError);
	expect((error as ByoaiError).message.length).toBeGreaterThan(10);
}
