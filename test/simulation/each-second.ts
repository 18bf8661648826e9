import type {World} from './world.ts';

/** Has something happen every second, until it is stopped. */
export function eachSecond(world: World, happen: () => void): {stop(): void} {
	let isStopped = false;
	const later = () =>
		world.at(1000, () => {
			if (isStopped) return;
			happen();
			later();
		});
	later();
	return {
		stop() {
			isStopped = true;
		},
	};
}
