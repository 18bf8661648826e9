import type {Effect} from '../ui.ts';

/** Whether it changes something that others see too: then a screen that is only to be looked at refuses it. */
const changes: Readonly<Record<Effect['type'], boolean>> = {
	leave: false,
	suspend: false,
	redraw: false,
	log: false,
	draw: false,
	errand: false,
	'cancel-run': true,
	act: true,
};

export function isChange({type}: Effect): boolean {
	return changes[type];
}
