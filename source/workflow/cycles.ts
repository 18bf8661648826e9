/**
 * Finds the cycles of a graph whose nodes are indices and whose edges lead to what a node depends on: at least one for every
 * group of nodes that wait for each other, none sharing a node with another, each beginning with its lowest index. Linear, and
 * without recursion.
 */
export function findCycles(edges: ReadonlyArray<readonly number[]>): number[][] {
	const cycles: number[][] = [];
	const met = new Uint8Array(edges.length);
	const depths = new Int32Array(edges.length).fill(-1); // place on the path; -1: not on it
	const nextEdge = new Int32Array(edges.length);
	const path: number[] = [];
	const told: Array<{start: number; end: number}> = []; // stretches of the path that are in a cycle already

	function enter(node: number): void {
		met[node] = 1;
		depths[node] = path.length;
		path.push(node);
	}

	function leave(): void {
		depths[path.pop() ?? 0] = -1;
		if ((told.at(-1)?.start ?? -1) >= path.length) told.pop();
	}

	function close(start: number): void {
		const last = told.at(-1);
		if (last !== undefined && Math.min(last.end, path.length - 1) >= start) return;
		told.push({start, end: path.length - 1});
		cycles.push(fromLowest(path.slice(start)));
	}

	for (let root = 0; root < edges.length; root++) {
		if (met[root] === 0) enter(root);
		for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
			const edge = nextEdge[node] ?? 0;
			const other = edges[node]?.[edge];
			nextEdge[node] = edge + 1;
			if (other === undefined) leave();
			else if (met[other] === 0) enter(other);
			else if ((depths[other] ?? -1) >= 0) close(depths[other] ?? 0);
		}
	}
	return cycles;
}

function fromLowest(cycle: readonly number[]): number[] {
	const lowest = cycle.reduce((best, node, index) => (node < (cycle[best] ?? node) ? index : best), 0);
	return [...cycle.slice(lowest), ...cycle.slice(0, lowest)];
}
