import type {FakePrint, FakeScript} from '../../../source/drivers/fake/script.ts';
import type {AttemptRef} from '../../../source/model/ids.ts';
import {outputOf} from '../command.ts';
import type {World} from '../world.ts';
import type {ImageFaults} from './faults.ts';

/** What the program of an attempt does: it prints bytes that follow from its name, bit by bit, and ends in its own way. */
export function programOf(world: World, {heedsTerm, ignoresTerm}: ImageFaults, ref: AttemptRef): FakeScript {
	const {random, faults} = world;
	const afterMs = 300 + random.below(random.chance(0.2) ? 60_000 : 8000);
	return {
		type: 'exits',
		afterMs,
		exitCode: random.chance(faults.commandFails) ? 1 + random.below(3) : 0,
		prints: printsOf(world, ref, afterMs),
		...(random.chance(ignoresTerm) ? {ignoresTerm: true} : random.chance(heedsTerm) && {heedsCode: 0}),
	};
}

function printsOf({random}: World, ref: AttemptRef, withinMs: number): FakePrint[] {
	const prints: FakePrint[] = [];
	const times = Array.from({length: random.below(8)}, () => random.below(withinMs + 1)).sort((a, b) => a - b);
	let from = 0;
	for (const afterMs of times) {
		const to = from + 1 + random.below(60);
		prints.push({afterMs, data: outputOf(ref, from, to), stream: random.pick(['stdout', 'stderr'])});
		from = to;
	}
	return prints;
}
