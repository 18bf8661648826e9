import {readTextLines} from './text-lines.ts';

/** One event of a stream of Server-Sent Events. */
export type ServerEvent = {
	/** Of this event, or of the last one that had an id; empty before. */
	readonly id: string;
	readonly type: string;
	readonly data: string;
};

/** Parses Server-Sent Events. Comments and unknown fields are passed over; an event that the stream's end cuts off does not count. */
export async function* readServerEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
	let id = '';
	let type = '';
	let data: string[] = [];
	for await (const line of readTextLines(chunks)) {
		if (line === '') {
			if (data.length > 0) yield {id, type: type || 'message', data: data.join('\n')};
			type = '';
			data = [];
			continue;
		}
		const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
		if (field === 'id') id = value;
		else if (field === 'event') type = value;
		else if (field === 'data') data.push(value);
	}
}
