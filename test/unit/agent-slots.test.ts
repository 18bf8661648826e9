import {expect, test} from 'vitest';
import {Slots} from '../../agent/slots.ts';

const never = new Promise<void>(() => undefined);

test('a slot is given to who waits longest; who is stopped waits no more', async () => {
	const slots = new Slots(1);
	expect(await slots.take(never)).toBe(true);
	const order: string[] = [];
	const waiting = (name: string, stopped = never) => slots.take(stopped).then(given => order.push(`${name} ${given}`));
	const all = [waiting('first'), waiting('stopped', Promise.resolve()), waiting('second')];
	await all[1];
	slots.release();
	await all[0];
	slots.release();
	await all[2];
	expect(order).toEqual(['stopped false', 'first true', 'second true']);
	slots.release();
	expect(await slots.take(never)).toBe(true);
});
