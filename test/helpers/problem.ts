import {expect} from 'vitest';

export type ProblemBody = {
	readonly status: number;
	readonly code: string;
	readonly detail: string;
	readonly errors?: ReadonlyArray<{readonly path?: string; readonly message: string; readonly line?: number; readonly column?: number}>;
};

/** The problem details that a reply is; fails when it is none. */
export async function problemOf(reply: Response): Promise<ProblemBody> {
	expect(reply.headers.get('content-type')).toBe('application/problem+json');
	const body = await reply.json();
	expect(body).toMatchObject({type: 'about:blank', title: expect.any(String), status: reply.status, detail: expect.any(String)});
	return body as ProblemBody;
}
