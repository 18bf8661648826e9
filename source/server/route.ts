import type * as z from 'zod';
import type {Body, BodyValue} from './body.ts';

/** Chapters of the API's description. */
export type Tag = 'agents' | 'workflows' | 'runs' | 'logs' | 'events' | 'service';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A named part of the path, or a header. */
export type Param = {readonly description: string; readonly example: string};

/** What a route may answer. */
export type Reply = {
	/** What it means, as a sentence. */
	readonly description: string;
	/** Of the body; absent: it has none, or (from status 400 on) it is a problem. */
	readonly schema?: z.ZodType;
	/** By default `application/json`. Of a stream the schema is that of one line, or of one event's data. */
	readonly contentType?: string;
	/** What its headers say, by name. */
	readonly headers?: Readonly<Record<string, string>>;
	readonly example?: unknown;
	/** Another form, for those who ask for it. */
	readonly also?: {readonly contentType: string; readonly schema: z.ZodType};
};

/**
 * One call of the API as data: what its request holds is read and checked by these schemas before the handler is called, and the
 * OpenAPI document is made from them.
 */
export type Route = {
	readonly method: Method;
	/** As h3 matches it: `/v1/runs/:id`; `**:file` stands for the rest of the path. */
	readonly path: string;
	/** The name of the operation, for those who make a client of the document: `listRuns`. */
	readonly id: string;
	/** A few words. */
	readonly summary: string;
	/** More, as Markdown. */
	readonly description?: string;
	readonly tag: Tag;
	/**
	 * Who may call: everybody (`anyone`); everybody but a web page, where there is no token to keep it out (`public`); who has the token;
	 * or (`agent`) who has it, and the agent itself: the one that the path names in `:name`, else the one that the body names in `name`.
	 */
	readonly access: 'anyone' | 'public' | 'token' | 'agent';
	readonly params: Readonly<Record<string, Param>>;
	/** Headers that a request may have, for the description: the handler reads them itself. */
	readonly headers?: Readonly<Record<string, Param>>;
	/** Absent: no parameter is known, and each is refused. */
	readonly query?: z.ZodObject;
	readonly body?: Body;
	/** By status. Refusals that every route has (no token, a body that is too large) need not be repeated. */
	readonly replies: Readonly<Record<number, Reply>>;
	readonly handle: (call: Call) => unknown;
};

/** A request, read and checked. */
export type Call<Query = unknown, Value = unknown, Name extends string = string> = {
	/** Decoded. */
	readonly params: Readonly<Record<Name, string>>;
	readonly query: Query;
	readonly body: Value;
	readonly req: Request;
	/** It comes from this process, and not over a socket. */
	readonly isOwn: boolean;
	/** Status and headers of the reply, where they are not 200 and those of JSON. */
	readonly res: {status?: number; readonly headers: Headers};
};

/** `/v1/runs/:id/tasks/:task` → `'id' | 'task'` */
export type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
	? Name | ParamNames<`/${Rest}`>
	: Path extends `${string}:${infer Name}`
		? Name
		: never;

type Definition<Path extends string, Query extends z.ZodObject, Content extends Body> = Omit<
	Route,
	'path' | 'params' | 'query' | 'body' | 'handle'
> & {
	readonly path: Path;
	readonly query?: Query;
	readonly body?: Content;
	/** Its value is the reply; a Response is sent as it is. */
	readonly handle: (call: Call<QueryOf<Query>, BodyOf<Content>, ParamNames<Path>>) => unknown;
} & ([ParamNames<Path>] extends [never] ? {readonly params?: never} : {readonly params: Readonly<Record<ParamNames<Path>, Param>>});

type QueryOf<Query> = [Query] extends [never] ? Readonly<Record<string, never>> : z.output<Query>;
type BodyOf<Content extends Body> = [Content] extends [never] ? undefined : BodyValue<Content>;

/** A route whose handler gets what its own schemas let through. */
export function route<const Path extends string, Query extends z.ZodObject = never, Content extends Body = never>(
	definition: Definition<Path, Query, Content>,
): Route {
	// Who calls the handler has read the request by these very schemas.
	const {params = {}, handle, ...rest} = definition as Omit<Route, 'params'> & {readonly params?: Route['params']};
	return {...rest, params, handle};
}
