import type pc from 'picocolors';

type Paint = (text: string) => string;

/** One colour for each task, the same wherever it is shown: by its index, over and over. */
export function taskColours(paint: ReturnType<typeof pc.createColors>): (index: number) => Paint {
	const palette = [
		paint.cyan,
		paint.magenta,
		paint.blue,
		paint.yellow,
		paint.green,
		paint.cyanBright,
		paint.magentaBright,
		paint.blueBright,
	];
	return index => palette[index % palette.length] ?? paint.cyan;
}
