import {EventEmitter} from 'node:events';
import {Writable} from 'node:stream';
import {describe, expect, test, vi} from 'vitest';
import {Interruptions} from '../../source/commands/terminal/interruptions.ts';
import {Output} from '../../source/commands/terminal/output.ts';
import {Sink} from '../helpers/program.ts';

/** A stream whose reader takes one write at a time, when it is told to. */
class SlowSink extends Writable {
	readonly writes: string[] = [];
	#take: (() => void) | undefined;

	constructor() {
		super({highWaterMark: 1});
	}

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		this.writes.push(chunk.toString());
		this.#take = done;
	}

	take(): void {
		this.#take?.();
	}
}

describe('output', () => {
	test('what is written in one go goes out together, in order with bytes', async () => {
		const sink = new SlowSink();
		const output = new Output(sink);
		for (let number = 0; number < 1000; number++) output.write(`${number}\n`);
		output.writeBytes(Buffer.from('raw'));
		output.write('after');
		const flushed = output.flush();
		while (sink.writes.length < 3) {
			sink.take();
			await new Promise(setImmediate);
		}
		expect(sink.writes).toEqual([Array.from({length: 1000}, (_, number) => `${number}\n`).join(''), 'raw', 'after']);
		sink.take();
		await new Promise(setImmediate);
		sink.take();
		await flushed;
	});

	test('a slow reader makes the writer wait', async () => {
		const sink = new SlowSink();
		const output = new Output(sink);
		await output.ready();
		output.write('x'.repeat(70_000));
		const ready = vi.fn();
		const waiting = output.ready().then(ready);
		await new Promise(setImmediate);
		expect(ready).not.toHaveBeenCalled();
		sink.take();
		await waiting;
		expect(ready).toHaveBeenCalledOnce();
	});

	test('a reader that caught up before the writer asked makes nobody wait', async () => {
		const sink = new SlowSink();
		const output = new Output(sink);
		output.write('x'.repeat(70_000));
		sink.take();
		await new Promise(setImmediate);
		await output.ready();
		output.write('more');
		await new Promise(setImmediate);
		expect(sink.writes).toEqual(['x'.repeat(70_000), 'more']);
	});

	test('a reader that goes away ends all waiting; further text goes nowhere', async () => {
		const sink = new SlowSink();
		const output = new Output(sink);
		output.write('x'.repeat(70_000));
		const [ready, flushed] = [output.ready(), output.flush()];
		sink.destroy(Object.assign(new Error('write EPIPE'), {code: 'EPIPE'}));
		await Promise.all([ready, flushed]);
		expect(await output.broken).toMatchObject({code: 'EPIPE'});
		expect(output.failure).toBeUndefined();
		output.write('more');
		await output.flush();
		expect(sink.writes).toHaveLength(1);
	});
});

test('what was not written for another reason is a failure', async () => {
	const sink = new SlowSink();
	const output = new Output(sink);
	output.write('x');
	sink.destroy(Object.assign(new Error('no space left'), {code: 'ENOSPC'}));
	await output.flush();
	expect(output.failure).toMatchObject({message: 'no space left'});
});

describe('interruptions', () => {
	function setUp() {
		const process = new EventEmitter();
		const sink = new Sink();
		const interruptions = new Interruptions(process, new Output(sink));
		return {process, sink, interruptions};
	}

	test('signals are left alone until a command takes them, and after', () => {
		const {process, interruptions} = setUp();
		expect(process.eventNames()).toEqual([]);
		interruptions.take(() => undefined);
		expect(process.eventNames()).toEqual(['SIGINT', 'SIGTERM', 'SIGHUP']);
		interruptions.close();
		expect(process.eventNames()).toEqual([]);
	});

	test('a second SIGINT within 2 s forces the end, a later one or SIGTERM does not', async () => {
		const now = vi.spyOn(performance, 'now').mockReturnValue(0);
		const {process, interruptions} = setUp();
		const heard: string[] = [];
		interruptions.take(signal => heard.push(signal));
		process.emit('SIGINT', 'SIGINT');
		process.emit('SIGTERM', 'SIGTERM');
		now.mockReturnValue(2001);
		process.emit('SIGINT', 'SIGINT');
		expect(heard).toEqual(['SIGINT', 'SIGTERM', 'SIGINT']);
		now.mockReturnValue(4000);
		process.emit('SIGINT', 'SIGINT');
		expect(await interruptions.forced).toBe(130);
		expect(heard).toHaveLength(3);
	});

	test('while another program has the keys of the terminal, theirs are no wishes; those of others are', async () => {
		const {process, interruptions} = setUp();
		const heard: string[] = [];
		interruptions.take(signal => heard.push(signal));
		const takeBack = interruptions.lend();
		process.emit('SIGINT', 'SIGINT');
		process.emit('SIGINT', 'SIGINT');
		expect(process.listenerCount('SIGQUIT')).toBe(1);
		expect(heard).toEqual([]);
		process.emit('SIGTERM', 'SIGTERM');
		takeBack();
		process.emit('SIGINT', 'SIGINT');
		expect(heard).toEqual(['SIGTERM', 'SIGINT']);
		expect(process.listenerCount('SIGQUIT')).toBe(0);
		expect(await Promise.race([interruptions.forced, 'goes on'])).toBe('goes on');
	});

	test('closed output ends the program, unless a command has something to finish', async () => {
		const {sink, interruptions} = setUp();
		sink.destroy(new Error('EPIPE'));
		expect(await interruptions.forced).toBe(141);

		const busy = setUp();
		const heard = new Promise(resolve => busy.interruptions.take(resolve));
		busy.sink.destroy(new Error('EPIPE'));
		expect(await heard).toBe('SIGPIPE');
	});
});
