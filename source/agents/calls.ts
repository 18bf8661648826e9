import type {ErrorCode} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';
import type {Limits} from '../model/limits.ts';
import {dialToken} from '../protocol/dial-token.ts';
import type {Orders, Report} from '../protocol/messages.ts';
import {protocolVersion} from '../protocol/messages.ts';
import {parseReport} from '../protocol/parse.ts';
import {agentAuthorizationHeader, dialledExchangePath, healthPath, orchestratorHeader, taskPath} from '../protocol/routes.ts';
import type {Gateway, HttpCall, HttpReply} from './http-call.ts';
import {HttpCaller} from './http-call.ts';

/**
 * Where an agent is dialled, and under which name. `token`: its own, which it is sent in place of what derives from the API's. `gateway`: who
 * listens there in the agent's stead.
 */
export type Address = {readonly agent: string; readonly url: string; readonly token?: string; readonly gateway?: Gateway};

/** What an agent's `GET /health` says of how it is to be spoken to. */
export type Speech = 'exchange' | 'task';

/** An agent's answer to `GET /health`. */
export type Health = {
	readonly speech: Speech;
	/** How many tasks it runs at once, where it says so; only of those that speak the agent protocol. */
	readonly slots?: number;
};

/** What goes to `POST /task` of a basic agent. */
export type TaskBody = {
	readonly name: string;
	/** For `sh -c`. */
	readonly command: string;
	readonly env: Readonly<Record<string, string>>;
	readonly working_dir?: string;
	/** Seconds. */
	readonly timeout?: number;
	readonly run: string;
	readonly attempt: number;
};

/**
 * The three calls that an orchestrator makes to an agent. They reject with a `ByoaiError` in words for people: `unavailable` when there was
 * no connection or it broke, `malformed` and `too_large` for an answer that cannot be taken, `forbidden` for an address that is not
 * dialled, `unauthorized` for a token that is not taken, `not_found` when the agent knows no such call.
 */
export type AgentCalls = {
	/** Whether it is there, and what it speaks. */
	health(address: Address, signal: AbortSignal): Promise<Health>;
	exchange(address: Address, orders: Orders, signal: AbortSignal): Promise<Report>;
	/** Any status but a redirect is an answer. */
	task(address: Address, body: TaskBody, signal: AbortSignal): Promise<HttpReply>;
};

export type CallsOptions = {
	/** The API's: agents are sent what derives from it. Absent: they are sent none. */
	readonly token?: string;
	/** Id of the state directory. */
	readonly orchestrator: string;
	readonly limits: Pick<Limits, 'exchange_bytes' | 'task_reply_bytes' | 'health_reply_bytes'>;
};

/** At most so much of an agent's own words is shown. */
const shownCharacters = 200;

/** The calls over HTTP. `close` ends those under way. */
export function createCalls({token, orchestrator, limits}: CallsOptions): AgentCalls & {close(): void} {
	const caller = new HttpCaller();
	const call = async (
		{agent, url, token: own, gateway}: Address,
		path: string,
		rest: Omit<HttpCall, 'url' | 'headers'>,
	): Promise<HttpReply> => {
		const base = new URL(url);
		const bearer = own ?? (token === undefined ? undefined : dialToken(token, agent));
		const header = gateway === undefined ? 'authorization' : agentAuthorizationHeader;
		const headers = {[orchestratorHeader]: orchestrator, ...(bearer !== undefined && {[header]: `Bearer ${bearer}`})};
		const target = new URL(base.pathname.replace(/\/+$/, '') + path, base);
		const reply = await caller.call({...rest, url: target, headers, ...(gateway && {gateway})});
		if (reply.status >= 300 && reply.status < 400) throw redirected(reply);
		return reply;
	};
	return {
		async health(address, signal) {
			const replyBytes = {most: limits.health_reply_bytes, limit: 'health_reply_bytes'};
			// A single-threaded agent would wait for the next request on a kept connection, and for no other.
			const reply = await call(address, healthPath, {method: 'GET', replyBytes, signal, keepAlive: false});
			if (reply.status !== 200) throw refusal(healthPath, reply);
			return healthOf(reply);
		},
		async exchange(address, orders, signal) {
			const replyBytes = {most: limits.exchange_bytes, limit: 'exchange_bytes'};
			const reply = await call(address, dialledExchangePath, {method: 'POST', body: orders, replyBytes, signal, keepAlive: true});
			if (reply.status !== 200) throw refusal(dialledExchangePath, reply);
			return reportOf(reply);
		},
		task(address, body, signal) {
			const replyBytes = {most: limits.task_reply_bytes, limit: 'task_reply_bytes'};
			// A connection of its own, so that none that had just been closed makes it seem to be lost.
			return call(address, taskPath, {method: 'POST', body, replyBytes, signal, keepAlive: false});
		},
		close: () => caller.close(),
	};
}

/** Who answers 200 with anything else than this protocol is a basic agent. */
function healthOf({body}: HttpReply): Health {
	const said = parsed(body);
	if (typeof said !== 'object' || said === null || !('protocol' in said) || said.protocol !== protocolVersion) return {speech: 'task'};
	const slots = 'slots' in said && typeof said.slots === 'number' && Number.isSafeInteger(said.slots) ? said.slots : undefined;
	return {speech: 'exchange', ...(slots !== undefined && slots > 0 && {slots})};
}

function parsed(body: Buffer): unknown {
	try {
		return JSON.parse(body.toString());
	} catch {
		return undefined; // fine for a basic agent
	}
}

function reportOf({body}: HttpReply): Report {
	try {
		return parseReport(JSON.parse(body.toString()));
	} catch (error) {
		const what = error instanceof ByoaiError ? `no Report: ${error.message}` : 'no JSON';
		throw new ByoaiError('malformed', `its answer to POST ${dialledExchangePath} is ${what}`, {cause: error});
	}
}

function redirected({status, headers}: HttpReply): ByoaiError {
	const to = headers.location === undefined ? '' : ` to ${printable(headers.location)}`;
	return new ByoaiError(
		'malformed',
		`it answers with a redirect (${status}${to}), which is not followed: register the address that is meant`,
	);
}

const codes: Readonly<Record<number, ErrorCode>> = {401: 'unauthorized', 403: 'unauthorized', 404: 'not_found', 405: 'not_found'};
const advice: Readonly<Record<number, string>> = {
	401: '; it must have the BYOAI_TOKEN of this orchestrator, or what derives from it',
	403: '; it must have the BYOAI_TOKEN of this orchestrator, or what derives from it',
};

/** An answer other than 200, with what the agent says of it. */
export function refusal(path: string, {status, body}: HttpReply): ByoaiError {
	const said = printable(detailOf(body.toString('utf8', 0, 4096)));
	const text = `it answers ${path} with ${status}${said === '' ? '' : ` (${said})`}${advice[status] ?? ''}`;
	return new ByoaiError(codes[status] ?? 'malformed', text);
}

/** The detail of problem+json where it is one, else what there is. */
function detailOf(text: string): string {
	try {
		const said: unknown = JSON.parse(text);
		if (typeof said === 'object' && said !== null && 'detail' in said && typeof said.detail === 'string') return said.detail;
	} catch {
		// no JSON: shown as it is
	}
	return text;
}

/** One line without control characters, cut where it is long: an agent's words come to terminals. */
function printable(text: string): string {
	const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
	return line.length > shownCharacters ? `${line.slice(0, shownCharacters)}…` : line;
}
