import type {IncomingMessage, ServerResponse} from 'node:http';
import {ByoaiError, messageOf} from '../source/model/error.ts';
import type {LimitName} from '../source/model/limits.ts';
import {defaultLimits} from '../source/model/limits.ts';

/** A JSON body, whatever its type is said to be. Throws `too_large` with the limit's name, and `malformed`. */
export async function readJson(request: IncomingMessage, response: ServerResponse, limit: LimitName): Promise<unknown> {
	const body = await readBody(request, response, limit);
	try {
		return JSON.parse(body.toString('utf8'));
	} catch (error) {
		throw new ByoaiError('malformed', `the body is no JSON: ${messageOf(error)}`);
	}
}

/** What comes beyond the limit is read and dropped: an answer that closed the connection at once might never arrive. */
function readBody(request: IncomingMessage, response: ServerResponse, limit: LimitName): Promise<Buffer> {
	const most = defaultLimits[limit];
	const tooLarge = () => new ByoaiError('too_large', `the body is larger than the limit ${limit} permits (${most} bytes)`);
	if (Number(request.headers['content-length']) > most) return Promise.reject(tooLarge());
	if (request.headers.expect !== undefined) response.writeContinue();
	return new Promise((resolve, reject) => {
		const brokeOff = () => reject(new ByoaiError('malformed', 'the body broke off'));
		let chunks: Buffer[] = [];
		let bytes = 0;
		request.on('data', (chunk: Buffer) => {
			bytes += chunk.length;
			if (bytes <= most) {
				chunks.push(chunk);
			} else {
				chunks = [];
				reject(tooLarge());
			}
		});
		request.on('end', () => resolve(Buffer.concat(chunks)));
		request.on('error', brokeOff);
		request.on('close', brokeOff);
	});
}
