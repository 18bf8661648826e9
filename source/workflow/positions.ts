import type {Event} from 'js-yaml';
import {EVENT_ID, getScalarValue, SCALAR_STYLE} from 'js-yaml';

/** Where something stands in a document: keys and list indices from the top. */
export type Path = ReadonlyArray<string | number>;

/** From 1; the column counts UTF-16 code units. `text` is the line, absent where it is too long to be shown. */
export type Place = {readonly line: number; readonly column: number; readonly text?: string};

/** A YAML node: offsets of its text, and what it holds. */
type Node = {
	readonly start: number;
	readonly end: number;
	readonly entries?: Map<string, Entry>;
	readonly items?: Node[];
};
type Entry = {readonly keyStart: number; readonly node: Node};

/** What is asked for: the value at a path, its key, or a piece of text within the value. */
export type Aim = {readonly at?: 'key' | 'value'; readonly within?: string};

const shownColumns = 500;

/** Turns offsets into places. */
export function placesOf(source: string): (offset: number) => Place {
	const starts = [0];
	for (const match of source.matchAll(/\r\n?|\n/g)) starts.push(match.index + match[0].length);
	return offset => {
		let low = 0;
		let high = starts.length - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if ((starts[middle] ?? 0) <= offset) low = middle;
			else high = middle - 1;
		}
		const start = starts[low] ?? 0;
		const text = source.slice(start, starts[low + 1] ?? source.length).replace(/[\r\n]+$/, '');
		const place = {line: low + 1, column: offset - start + 1};
		return text.length > shownColumns ? place : {...place, text};
	};
}

/**
 * Finds paths in a parsed document. A path that the document does not have leads to its nearest parent; a key that is
 * written with one of its aliases is found too.
 */
export function locator(
	source: string,
	events: readonly Event[],
	aliasesOf: (key: string) => readonly string[],
): (path: Path, aim?: Aim) => Place {
	const root = readNodes(source, events);
	const place = placesOf(source);
	return (path, aim = {}) => {
		let node = root;
		let keyStart = root.start;
		let complete = true;
		for (const segment of path) {
			const entry = typeof segment === 'number' ? itemOf(node, segment) : entryOf(node, segment, aliasesOf);
			if (entry === undefined) {
				complete = false;
				break;
			}
			({node, keyStart} = entry);
		}
		if (aim.at === 'key' && complete) return place(keyStart);
		const found = aim.within === undefined ? -1 : source.slice(node.start, node.end).indexOf(aim.within);
		return place(node.start + Math.max(0, found));
	};
}

function itemOf(node: Node, index: number): Entry | undefined {
	const item = node.items?.[index];
	return item && {keyStart: item.start, node: item};
}

function entryOf(node: Node, key: string, aliasesOf: (key: string) => readonly string[]): Entry | undefined {
	for (const name of [key, ...aliasesOf(key)]) {
		const entry = node.entries?.get(name);
		if (entry !== undefined) return entry;
	}
	return undefined;
}

type OpenNode = {readonly node: Node; key?: {readonly name: string; readonly start: number} | undefined};

/** Builds the tree of nodes from the flat events of one document, none of whose keys is a collection. */
function readNodes(source: string, events: readonly Event[]): Node {
	const root: OpenNode = {node: {start: 0, end: source.length, items: []}};
	const open = [root];
	for (const event of events) {
		if (event.type === EVENT_ID.DOCUMENT) open.push(root);
		else if (event.type === EVENT_ID.POP) open.pop();
		else {
			const parent = open.at(-1) ?? root;
			const node = nodeOf(event, source.length, parent.key?.start ?? parent.node.start);
			attach(parent, node, event, source);
			if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) open.push({node});
		}
	}
	return root.node.items?.[0] ?? root.node;
}

type NodeEvent = Exclude<Event, {type: typeof EVENT_ID.POP | typeof EVENT_ID.DOCUMENT}>;

/** `nothingAt` is where a value stands that has no text, as after `key:`. */
function nodeOf(event: NodeEvent, sourceEnd: number, nothingAt: number): Node {
	if (event.type === EVENT_ID.MAPPING) return {start: event.start, end: sourceEnd, entries: new Map()};
	if (event.type === EVENT_ID.SEQUENCE) return {start: event.start, end: sourceEnd, items: []};
	if (event.type === EVENT_ID.ALIAS) return {start: event.anchorStart - 1, end: event.anchorEnd};
	if (event.valueStart < 0) return {start: nothingAt, end: nothingAt};
	const isQuoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
	return {start: event.valueStart - (isQuoted ? 1 : 0), end: event.valueEnd};
}

/** Puts a node into its parent: an item of a list, or in a mapping by turns a key and its value. */
function attach(parent: OpenNode, node: Node, event: Event, source: string): void {
	if (parent.node.items !== undefined) parent.node.items.push(node);
	else if (parent.key === undefined) {
		parent.key = {name: event.type === EVENT_ID.SCALAR ? getScalarValue(source, event) : '', start: node.start};
	} else {
		parent.node.entries?.set(parent.key.name, {keyStart: parent.key.start, node});
		parent.key = undefined;
	}
}
