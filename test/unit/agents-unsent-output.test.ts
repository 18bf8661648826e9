import fc from 'fast-check';
import {expect, test} from 'vitest';
import {UnsentOutput} from '../../source/agents/unsent-output.ts';
import type {LogChunk} from '../../source/protocol/messages.ts';

/** Keeps output as the log store does: what is there already is passed over, what begins beyond the end is not taken. */
class Receiver {
	kept: Buffer;

	constructor(before: Buffer) {
		this.kept = before;
	}

	/** `cut`: it breaks after so many bytes, which stay. */
	take({offset, chunks}: {offset: number; chunks: readonly LogChunk[]}, cut = Number.POSITIVE_INFINITY): void {
		if (offset > this.kept.length) throw new Error(`a gap: ${offset} after ${this.kept.length}`);
		const data = Buffer.concat(chunks.map(({data: text}) => Buffer.from(text, 'base64'))).subarray(0, cut);
		this.kept = Buffer.concat([this.kept, data.subarray(Math.max(0, this.kept.length - offset))]);
	}
}

const piece = (data: Buffer) => ({stream: 'stdout' as const, at: 1, data});

type Step =
	| {readonly do: 'print'; readonly bytes: number}
	/** Sent, received and answered; the answer may be held back, to come late. */
	| {readonly do: 'send'; readonly answer: 'now' | 'late'}
	/** Sent; so many bytes of it are received, then it breaks, and is said to have failed. */
	| {readonly do: 'break'; readonly after: number}
	/** An answer that was held back comes: they may overtake one another. */
	| {readonly do: 'answer'; readonly which: number};

const steps = fc.array(
	fc.oneof<fc.Arbitrary<Step>[]>(
		fc.record({do: fc.constant('print' as const), bytes: fc.nat(50)}),
		fc.record({do: fc.constant('send' as const), answer: fc.constantFrom('now', 'late')}),
		fc.record({do: fc.constant('break' as const), after: fc.nat(120)}),
		fc.record({do: fc.constant('answer' as const), which: fc.nat(5)}),
	),
	{maxLength: 60},
);

test('whatever is cut, repeated and answered late, each byte is kept once, and sent once where nothing failed', () => {
	fc.assert(
		fc.property(steps, fc.nat(30), (all, before) => {
			let printed: Buffer = Buffer.alloc(before, 'b');
			let news = 0;
			const output = new UnsentOutput(() => news++);
			const receiver = new Receiver(printed);
			expect(output.begin(before)).toBe(before);
			const late: number[] = [];
			let sentTo = before;
			const send = (cut?: number) => {
				const sent = output.take();
				if (sent === undefined) return;
				expect(sent.offset, 'nothing twice without need').toBe(sentTo);
				receiver.take(sent, cut);
				sentTo = printed.length;
			};
			for (const step of all) {
				if (step.do === 'print') {
					const data = Buffer.from(Array.from({length: step.bytes}, (_, index) => (printed.length + index) % 251));
					void output.add(piece(data));
					printed = Buffer.concat([printed, data]);
					expect(output.end).toBe(printed.length);
				} else if (step.do === 'send') {
					send();
					if (step.answer === 'late') late.push(receiver.kept.length);
					else output.acknowledge(receiver.kept.length);
				} else if (step.do === 'break') {
					send(step.after);
					output.repeat();
					// From the first piece on that nobody has confirmed as a whole.
					const again = output.take();
					sentTo = again?.offset ?? sentTo;
					expect(sentTo).toBeLessThanOrEqual(receiver.kept.length);
					if (again !== undefined) receiver.take(again);
					sentTo = printed.length;
				} else {
					const [answer] = late.splice(step.which % Math.max(1, late.length), 1);
					if (answer !== undefined) output.acknowledge(answer);
				}
			}
			send();
			expect(receiver.kept.equals(printed)).toBe(true);
			output.acknowledge(receiver.kept.length);
			expect(output.take(), 'nothing is left').toBeUndefined();
			expect(news > 0).toBe(printed.length > before);
		}),
		{numRuns: 500},
	);
});

test('after a restart the place where it goes on is told once, though nothing is new: an outcome without another byte counts then', () => {
	const output = new UnsentOutput(() => undefined);
	output.begin(7);
	expect(output.take()).toEqual({offset: 7, chunks: []});
	output.acknowledge(7);
	expect(output.take()).toBeUndefined();
	expect(output.end).toBe(7);
});

test('times and streams go along; an empty piece is none', async () => {
	let news = 0;
	const output = new UnsentOutput(() => news++);
	await output.add({stream: 'stderr', at: 5, data: Buffer.alloc(0)});
	expect([news, output.take()]).toEqual([0, undefined]);
	await output.add({stream: 'stderr', at: 6, data: Buffer.from('oh')});
	await output.add({stream: 'stdout', at: 7, data: Buffer.from('ah')});
	expect(output.take()).toEqual({
		offset: 0,
		chunks: [
			{stream: 'stderr', at: 6, data: Buffer.from('oh').toString('base64')},
			{stream: 'stdout', at: 7, data: Buffer.from('ah').toString('base64')},
		],
	});
	expect(news).toBe(2);
});

test('reading waits while a megabyte waits to be kept, and goes on when it is', async () => {
	const output = new UnsentOutput(() => undefined);
	await output.add(piece(Buffer.alloc(1024 * 1024 - 1)));
	let isFree = false;
	const added = output.add(piece(Buffer.alloc(10))).then(() => {
		isFree = true;
	});
	output.take();
	await new Promise(setImmediate);
	expect(isFree).toBe(false);
	// Within a piece: none of it can go yet.
	output.acknowledge(1024);
	await new Promise(setImmediate);
	expect(isFree).toBe(false);
	output.acknowledge(1024 * 1024 + 9);
	await added;
	expect(isFree).toBe(true);
});
