/** The lines from one place of a column to places of the next one. */
export type Net = {
	readonly source: number;
	/** The line comes from further left. */
	readonly passes: boolean;
	readonly row: number;
	readonly targets: ReadonlyArray<{readonly task: number; readonly passes: boolean; readonly row: number}>;
};

type Gap = {
	/** Where the line of a net begins. */
	readonly fromOf: (net: Net) => number;
	/** Column of the first lane. */
	readonly lanesAt: number;
	/** Column of what the lines lead to. */
	readonly to: number;
};

const [up, down, left, right, critical] = [1, 2, 4, 8, 16];

/** What a cell of the picture has of lines: bits of the directions in which they leave it. */
export type WireCell = number;

/**
 * Lanes for the upright parts of lines: one each, so that no two in the same lane meet, and left of the lane of what arrives in the row in
 * which it begins. Undefined: they cannot be put in such an order.
 */
function lanesOf(nets: readonly Net[]): readonly number[] | undefined {
	const spans = nets.map(({row, targets}) => {
		const rows = [row, ...targets.map(target => target.row)];
		return {from: Math.min(...rows), to: Math.max(...rows)};
	});
	const arriving = new Map<number, number[]>();
	for (const [at, {targets}] of nets.entries()) for (const {row} of targets) arriving.set(row, [...(arriving.get(row) ?? []), at]);
	const after = nets.map((net, at) => (isStraight(net) ? [] : (arriving.get(net.row) ?? []).filter(other => other !== at)));
	const open = nets.map(() => 0);
	for (const others of after) for (const other of others) open[other] = (open[other] ?? 0) + 1;
	const lanes: number[] = nets.map(() => 0);
	const ready = open.flatMap((count, at) => (count === 0 ? [at] : []));
	const taken: Array<Array<{from: number; to: number}>> = [];
	for (const at of ready) {
		if (nets[at] === undefined || isStraight(nets[at])) continue;
		const span = spans[at] ?? {from: 0, to: 0};
		let lane = lanes[at] ?? 0;
		while (taken[lane]?.some(other => other.from <= span.to && span.from <= other.to)) lane++;
		taken[lane] ??= [];
		taken[lane]?.push(span);
		lanes[at] = lane;
		for (const other of after[at] ?? []) {
			lanes[other] = Math.max(lanes[other] ?? 0, lane + 1);
			open[other] = (open[other] ?? 0) - 1;
			if (open[other] === 0) ready.push(other);
		}
	}
	return ready.length === nets.length ? lanes : undefined;
}

/** How many lanes the lines between two columns need; undefined: lines would run into one another. */
export function laneCount(nets: readonly Net[]): number | undefined {
	const lanes = lanesOf(nets);
	return lanes && Math.max(0, ...lanes.map((lane, at) => (nets[at] === undefined || isStraight(nets[at]) ? 0 : lane + 1)));
}

/** It has no upright part, and needs no lane. */
function isStraight({row, targets}: Net): boolean {
	return targets.every(target => target.row === row);
}

/** The lines of a picture. Where two cross, the upright one is whole. */
export class Wires {
	readonly #width: number;
	readonly #cells: Uint8Array;
	/** Whose upright part a cell is in, by number of its net. */
	readonly #upright: Int32Array;
	/** For each line, the cells of it, by where it leads from and to: for what is critical. */
	readonly #paths = new Map<string, number[]>();
	readonly #nets: Net[] = [];

	constructor(width: number, height: number) {
		this.#width = width;
		this.#cells = new Uint8Array(width * height);
		this.#upright = new Int32Array(width * height).fill(-1);
	}

	/** Bits of a cell. */
	at(x: number, y: number): WireCell {
		return this.#cells[y * this.#width + x] ?? 0;
	}

	/** A line passes a column on its way. */
	pass(task: number, column: number, {row, from, to}: {readonly row: number; readonly from: number; readonly to: number}): void {
		this.#path(`${task} on ${column - 1}`, this.#across(row, from, to, undefined));
	}

	/** The lines from one column to the next. */
	connect(nets: readonly Net[], column: number, {fromOf, lanesAt, to}: Gap): void {
		const lanes = lanesOf(nets) ?? nets.map((_, at) => at);
		const numbers = nets.map(net => this.#nets.push(net) - 1);
		for (const [at, net] of nets.entries()) {
			if (isStraight(net)) continue;
			const rows = [net.row, ...net.targets.map(({row}) => row)];
			this.#down(lanesAt + (lanes[at] ?? 0), Math.min(...rows), Math.max(...rows), numbers[at] ?? 0);
		}
		for (const [at, net] of nets.entries()) {
			if (isStraight(net)) {
				const cells = this.#across(net.row, fromOf(net), to, numbers[at]);
				for (const {task, passes} of net.targets) this.#path(passes ? `${net.source} on ${column}` : `${net.source} to ${task}`, cells);
				continue;
			}
			const lane = lanesAt + (lanes[at] ?? 0);
			const stem = this.#across(net.row, fromOf(net), lane, numbers[at], right | left, left);
			this.#path(`${net.source} from ${column}`, stem);
			for (const {task, passes, row} of net.targets) {
				const cells = this.#across(row, lane, to, numbers[at], right);
				const [low, high] = [Math.min(row, net.row), Math.max(row, net.row)];
				for (let y = low; y <= high; y++) cells.push(y * this.#width + lane);
				this.#path(passes ? `${net.source} on ${column}` : `${net.source} to ${task}`, cells);
			}
		}
	}

	/** Marks the lines along a path of tasks, and no others. `depth`: the column of each task. */
	markCritical(path: readonly number[], depth: readonly number[]): void {
		for (const [at, cell] of this.#cells.entries()) this.#cells[at] = cell & ~critical;
		for (const [at, task] of path.slice(0, -1).entries()) {
			const next = path[at + 1] ?? task;
			const [first, last] = [depth[task] ?? 0, (depth[next] ?? 0) - 1];
			for (let column = first; column <= last; column++) this.#mark(`${task} from ${column}`);
			for (let column = first; column < last; column++) this.#mark(`${task} on ${column}`);
			this.#mark(`${task} to ${next}`);
		}
	}

	#mark(key: string): void {
		for (const cell of this.#paths.get(key) ?? []) this.#cells[cell] = (this.#cells[cell] ?? 0) | critical;
	}

	#path(key: string, cells: readonly number[]): void {
		const known = this.#paths.get(key);
		if (known === undefined) this.#paths.set(key, [...cells]);
		else known.push(...cells);
	}

	#down(x: number, from: number, to: number, net: number): void {
		for (let y = from; y <= to; y++) {
			const cell = y * this.#width + x;
			this.#upright[cell] = net;
			this.#cells[cell] = (this.#cells[cell] ?? 0) | (y > from ? up : 0) | (y < to ? down : 0);
		}
	}

	/** From one column up to the one before `to`; `first` and `last`: the directions in the cells at its ends. */
	#across(row: number, from: number, to: number, net: number | undefined, first = left | right, last = left | right): number[] {
		const cells: number[] = [];
		const end = last === left ? to : to - 1;
		for (let x = from; x <= end; x++) {
			const cell = row * this.#width + x;
			if (!this.#joins(this.#upright[cell] ?? -1, net, row)) continue;
			const bits = x === from ? first : left | right;
			this.#cells[cell] = (this.#cells[cell] ?? 0) | (x === end && last === left ? left : bits);
			cells.push(cell);
		}
		return cells;
	}

	/** Whether a line in that row belongs to the upright part that is there: it is its own, or leads to the same task. */
	#joins(upright: number, net: number | undefined, row: number): boolean {
		if (upright < 0 || upright === net) return true;
		return this.#nets[upright]?.targets.some(target => target.row === row) === true;
	}
}

const unicodeLines = ['', '╵', '╷', '│', '╴', '┘', '┐', '┤', '╶', '└', '┌', '├', '─', '┴', '┬', '┼'];
const heavyLines = ['', '╹', '╻', '┃', '╸', '┛', '┓', '┫', '╺', '┗', '┏', '┣', '━', '┻', '┳', '╋'];
const asciiLines = ['', '|', '|', '|', '-', '+', '+', '+', '-', '+', '+', '+', '-', '+', '+', '+'];
const asciiHeavy = ['', '#', '#', '#', '=', '#', '#', '#', '=', '#', '#', '#', '=', '#', '#', '#'];

/** The character of a cell; a blank where there is no line. */
export function wireCharacter(cell: WireCell, ascii: boolean): string {
	const [thin, heavy] = ascii ? [asciiLines, asciiHeavy] : [unicodeLines, heavyLines];
	return (isCritical(cell) ? heavy : thin)[cell & 15] || ' ';
}

export function isCritical(cell: WireCell): boolean {
	return (cell & critical) !== 0;
}
