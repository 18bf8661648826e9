import {writeFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import type {Driver} from '../../source/drivers/driver.ts';
import {LogCursor} from '../../source/drivers/kubernetes/log-cursor.ts';
import type {RunId} from '../../source/model/ids.ts';
import type {Handle, InstanceCommand, InstanceSpec} from '../../source/model/instance.ts';
import {recordedStatuses, recording} from '../helpers/fake-kubernetes/scripts.ts';
import {fakeToken} from '../helpers/fake-kubernetes/server.ts';
import {StatusError} from '../helpers/fake-kubernetes/status.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {KubernetesPlace} from '../helpers/kubernetes-place.ts';

const never = new AbortController().signal;
let place: KubernetesPlace;
let driver: Driver;

beforeEach(async () => {
	place = await new KubernetesPlace().open();
	driver = place.createDriver();
});
afterEach(() => place.close());

function commandSpec(script: string, changes: Partial<InstanceCommand> = {}): InstanceSpec {
	const ref = {run: 'r0123456789a' as RunId, task: 0, attempt: 1};
	return {
		...instanceSpec('r0123456789a.0#1', {type: 'kubernetes', image: 'any'}),
		command: {ref, task: 'a task', argv: ['sh', '-c', script], env: {}, ...changes},
	};
}

/** Reads output again and again until it has come to its end, as its reader does. */
async function readAll(from: Driver, handle: Handle, start = 0, onPiece: (text: string) => void = () => undefined): Promise<string> {
	const pieces: Buffer[] = [];
	let at = start;
	for (;;) {
		try {
			for await (const {data} of from.output?.(handle, at, never) ?? []) {
				pieces.push(data);
				at += data.length;
				onPiece(String(data));
			}
			return Buffer.concat(pieces).toString();
		} catch (error) {
			expect(error).toMatchObject({code: 'unavailable', retryable: true});
			await sleep(20);
		}
	}
}

describe('a program of a task', () => {
	test('one that somebody else is removing is not started again by the next life, nor found', async () => {
		const spec = commandSpec("trap '' TERM; sleep 300");
		expect(await driver.find?.(spec)).toBeUndefined();
		const handle = await driver.start(spec);
		const [next, other] = [place.createDriver(), place.createDriver()];
		expect(next.losesInstances).toBe(true);
		expect(await next.find?.(spec)).toEqual(handle);
		const [pod] = place.server.pods();
		const url = `${place.server.url}/api/v1/namespaces/byoai/pods/${pod?.metadata.name}?gracePeriodSeconds=1`;
		await fetch(url, {method: 'DELETE', headers: {authorization: `Bearer ${fakeToken}`}});
		const removed = {message: expect.stringContaining('its pod was removed by somebody else'), retryable: true};
		await Promise.all([expect(next.find?.(spec)).rejects.toMatchObject(removed), expect(other.start(spec)).rejects.toMatchObject(removed)]);
		expect(place.server.pods()).toEqual([]);
		expect(await next.find?.(spec)).toBeUndefined();
	});

	test('its environment, directory, output and exit code; it stays until it is stopped', async () => {
		const spec = commandSpec('pwd; echo "$A $(echo $((1 + 1)))"; echo err >&2; exit 7', {env: {A: '$(PATH) $$'}, workingDir: '/tmp'});
		const handle = await driver.start(spec);
		const [output, end] = await Promise.all([readAll(driver, handle), driver.watch(spec.name, handle, never)]);
		expect(output).toBe('/tmp\n$(PATH) $$ 2\nerr\n');
		expect(end).toMatchObject({cause: 'exited with code 7', exitCode: 7});
		expect(await driver.list()).toEqual([{name: spec.name, handle}]);
		expect(await driver.start(spec)).toEqual(handle);
		expect(await readAll(place.createDriver(), handle, 5)).toBe('$(PATH) $$ 2\nerr\n');
		await driver.stop({name: spec.name, handle});
		expect(await driver.list()).toEqual([]);
		expect(place.server.pods()).toEqual([]);
	});

	test('labels for people, and the whole name for us', async () => {
		await driver.start(commandSpec('true'));
		const [pod] = place.server.pods();
		expect(pod?.metadata).toMatchObject({
			name: expect.stringMatching(/^byoai-[0-9a-f]{8}-r0123456789a-0-1-[0-9a-f]{8}$/),
			labels: {'byoai.owner': place.owner, 'byoai.run': 'r0123456789a', 'byoai.task': 'a-task', 'byoai.attempt': '1'},
			annotations: {'byoai.instance': 'r0123456789a.0#1'},
		});
	});

	test('one that ends before anybody saw it run: Pending, then Succeeded', async () => {
		await place.close();
		place = await new KubernetesPlace({syncMs: 150}).open();
		driver = place.createDriver();
		const phases: unknown[] = [];
		place.server.store.subscribe(({object}) => phases.push(object.status?.phase));
		const spec = commandSpec('echo short');
		const handle = await driver.start(spec);
		expect(await driver.watch(spec.name, handle, never)).toMatchObject({cause: 'exited with code 0', exitCode: 0});
		expect(await readAll(driver, handle)).toBe('short\n');
		await vi.waitFor(() => expect([...new Set(phases)]).toEqual(['Pending', 'Succeeded']));
	});

	test('asked to end: SIGTERM reaches it, what it says then is read, and its exit code stays', async () => {
		const spec = commandSpec('trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.05; done');
		const handle = await driver.start(spec);
		const reading = readAll(driver, handle);
		const watched = driver.watch(spec.name, handle, never);
		await vi.waitFor(() => expect(place.server.kubelet.running).toHaveLength(1));
		await sleep(1000); // a deadline counts from the start of the pod, in whole seconds
		await driver.end?.(handle, 5000);
		await driver.end?.(handle, 5000);
		expect(await reading).toBe('ready\nbye\n');
		expect(await watched).toMatchObject({exitCode: 5, isAsked: true});
		expect(place.server.pods()).toHaveLength(1);
	});

	test('one that is gone has no more to say, and no end to wait for', async () => {
		const spec = commandSpec('echo a; sleep 100');
		const handle = await driver.start(spec);
		const begun = Promise.withResolvers<void>();
		let printed = '';
		const read = async (by: Driver) => {
			for await (const {data} of by.output?.(handle, 0, never) ?? []) {
				printed += String(data);
				begun.resolve();
			}
		};
		// It comes to its end where that is seen before the pod is gone.
		const reading = read(driver).catch((error: unknown) => expect(error).toMatchObject({retryable: true}));
		await begun.promise;
		await driver.stop({name: spec.name, handle});
		await reading;
		expect(printed).toBe('a\n');
		await driver.end?.(handle, 1000);
		// An end would say that all of it was read.
		const gone = {code: 'unavailable', retryable: true, message: expect.stringContaining('is not there any more')};
		await expect(read(place.createDriver())).rejects.toMatchObject(gone);
	});
});

describe('its output, to the byte', () => {
	const lines = 200;
	const script = `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "line $i of some length, $i"; [ $((i % 20)) = 0 ] && sleep 0.1; done; printf "without a break"`;
	const expected = `${Array.from({length: lines}, (_, index) => `line ${index + 1} of some length, ${index + 1}\n`).join('')}without a break`;

	test('cut again and again', async () => {
		const spec = commandSpec(script);
		const handle = await driver.start(spec);
		let pieces = 0;
		const output = await readAll(driver, handle, 0, () => {
			if (++pieces % 3 === 0) place.server.cut(({url = ''}) => url.includes('/log'));
		});
		expect(output).toBe(expected);
		expect(pieces).toBeGreaterThan(5);
	});

	test('by one life after the other, each from where the last came to', async () => {
		const spec = commandSpec(script);
		const handle = await driver.start(spec);
		await driver.watch(spec.name, handle, never);
		for (const from of [0, 1, 17, 1000, expected.length - 3, expected.length]) {
			expect(await readAll(place.createDriver(), handle, from)).toBe(expected.slice(from));
			expect(await readAll(driver, handle, from)).toBe(expected.slice(from));
		}
	});

	test('through a restart of the API server, which the program outlives', async () => {
		const spec = commandSpec(script);
		const handle = await driver.start(spec);
		const reading = readAll(driver, handle);
		const ended = driver.watch(spec.name, handle, never);
		await sleep(100);
		await place.server.stop();
		place.server.store.compact();
		await sleep(300);
		await place.server.start();
		expect(await reading).toBe(expected);
		expect(await ended).toMatchObject({exitCode: 0});
	});

	test('lines that a node keeps in parts, and bytes that are no text', async () => {
		const spec = commandSpec(
			`head -c 100000 /dev/zero | tr '\\0' x; echo; printf '\\377\\n'; sleep 1.1; head -c 40000 /dev/zero | tr '\\0' y; echo`,
		);
		const handle = await driver.start(spec);
		const output: Buffer[] = [];
		let at = 0;
		while (at < 140_003) {
			const signal = AbortSignal.timeout(400);
			try {
				for await (const {data} of driver.output?.(handle, at, signal) ?? []) {
					output.push(data);
					at += data.length;
				}
			} catch (error) {
				expect(signal.aborted, String(error)).toBe(true);
			}
		}
		const all = Buffer.concat(output);
		expect(all.toString('latin1')).toBe(`${'x'.repeat(100_000)}\n\xff\n${'y'.repeat(40_000)}\n`);
	});

	test.each([
		['and the newest line is still there', 3, 'a0\na1\na2\nb\n', false],
		['and some of it was never read', 0, 'a0\na1\na2\nb\n', true],
	])('a log that its node begins anew, %s', async (_, kept, expectation, isLost) => {
		const gate = `${place.root}/gate`;
		const spec = commandSpec(
			`for i in 0 1 2; do echo a$i; done; while [ ! -f ${gate} ]; do sleep 0.05; done; [ -f ${gate}2 ] && echo lost; sleep 0.2; echo b; sleep 0.3`,
		);
		const handle = await driver.start(spec);
		let output = '';
		const reading = readAll(driver, handle, 0, text => {
			output += text;
		});
		await vi.waitFor(() => expect(output).toBe('a0\na1\na2\n'));
		const [container] = place.server.kubelet.running;
		if (isLost) {
			place.server.intercept = ({subresource}) => (subresource === 'log' ? new StatusError(500, undefined, 'the node is away') : undefined);
			place.server.cut(({url = ''}) => url.includes('/log'));
			writeFileSync(`${gate}2`, '');
			writeFileSync(gate, '');
			await vi.waitFor(() => expect(container?.log.size).toBe(4));
			container?.log.rotate(0);
			place.server.intercept = () => undefined;
		} else {
			container?.log.rotate(kept);
			place.server.cut(({url = ''}) => url.includes('/log'));
			writeFileSync(gate, '');
		}
		expect(await reading).toBe(expectation);
		expect(place.warnings.filter(text => text.includes('its node threw it away'))).toHaveLength(isLost ? 1 : 0);
	});

	test('a node that has no log yet, or is away for a moment, is asked again', async () => {
		const spec = commandSpec('echo here');
		let refusals = 0;
		place.server.intercept = ({subresource}) => {
			if (subresource !== 'log' || refusals++ >= 4) return undefined;
			const {status, body} = recording(refusals % 2 === 0 ? 'pod-log-500-kubelet-unreachable' : 'pod-log-400-waiting').response;
			return new StatusError(status, body.reason, body.message ?? '');
		};
		const handle = await driver.start(spec);
		expect(await readAll(driver, handle)).toBe('here\n');
		expect(refusals).toBeGreaterThan(4);
	});
});

test('out of memory is told apart, with its exit code', async () => {
	const statuses = recordedStatuses('watch-pod-oomkilled').filter(status => JSON.stringify(status).includes('OOMKilled'));
	await place.close();
	place = await new KubernetesPlace({script: () => ({type: 'ends', statuses})}).open();
	driver = place.createDriver();
	const spec = commandSpec('true');
	const handle = await driver.start(spec);
	expect(await driver.watch(spec.name, handle, never)).toMatchObject({cause: 'out of memory', exitCode: 137});
});

describe('a cursor of a log', () => {
	const read = (cursor: LogCursor, from: number, text: string) => {
		const lines = cursor.read(cursor.startFor(from));
		// Byte for byte, so that every place where a chunk may end is tried.
		return [...Buffer.from(text)].flatMap(byte => lines.push(Buffer.from([byte])));
	};

	test('reads from the second on in which it came to, and knows its offset', () => {
		const cursor = new LogCursor();
		read(cursor, 0, '2026-11-23T03:44:38.504118673Z one\n2026-11-23T03:44:39.042821323Z two\n');
		expect(cursor.startFor(8)).toMatchObject({offset: 4, since: '2026-11-23T03:44:39Z'});
		expect(cursor.startFor(3)).toMatchObject({offset: 0});
		expect(read(cursor, 8, '2026-11-23T03:44:39.042821323Z two\n').map(({offset, data}) => [offset, String(data)])[0]).toEqual([4, 't']);
	});

	test('times with an offset, as nodes of some clusters write them', () => {
		const cursor = new LogCursor();
		const [first] = read(cursor, 0, '2026-11-23T04:44:38.5+01:00 a\n');
		expect(first?.at).toBe(Date.parse('2026-11-23T03:44:38.500Z'));
	});

	test('a clock that is set back makes it read from the beginning', () => {
		const cursor = new LogCursor();
		read(cursor, 0, '2026-11-23T03:44:38Z one\n2026-11-23T03:44:30Z two\n2026-11-23T03:44:50Z three\n');
		expect(cursor.startFor(14)).toMatchObject({offset: 0});
	});

	const known = '2026-11-23T03:44:38.5Z one\n2026-11-23T03:44:39.04Z two\n2026-11-23T03:44:39.5Z three\n';
	const texts = (pieces: ReturnType<typeof read>) => {
		const first = pieces[0]?.offset;
		return [first, Buffer.concat(pieces.map(({data}) => data)).toString()];
	};

	test('a log that begins anew is taken up at the newest line that is known', () => {
		const cursor = new LogCursor();
		read(cursor, 0, known);
		expect(texts(read(cursor, 8, '2026-11-23T03:44:39.45Z early\n2026-11-23T03:44:39.5Z three\n2026-11-23T03:44:40Z four\n'))).toEqual([
			8,
			'three\nfour\n',
		]);
	});

	test('and where that is gone too, at the next one, with a gap', () => {
		const cursor = new LogCursor();
		read(cursor, 0, known);
		const lines = cursor.read(cursor.startFor(14));
		expect(texts([...lines.push(Buffer.from('2026-11-23T03:44:41Z five\n2026-11-23T03:44:42Z six\n'))])).toEqual([14, 'five\nsix\n']);
		expect(lines.hasGap).toBe(true);
		expect(cursor.startFor(19)).toMatchObject({offset: 19, since: '2026-11-23T03:44:42Z'});
	});
});
