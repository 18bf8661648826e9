import type {ErrorCode} from '../../../source/model/error.ts';
import {ByoaiError} from '../../../source/model/error.ts';
import type {Event} from '../../../source/model/event.ts';
import type {Orders} from '../../../source/protocol/messages.ts';
import {parseOrders} from '../../../source/protocol/parse.ts';
import {exchangePath, registerPath} from '../../../source/protocol/routes.ts';
import type {Audit} from '../audit.ts';
import type {Requests} from '../contact.ts';
import type {World} from '../world.ts';
import type {WholeFaults} from './faults.ts';
import type {Caller, WholeHost} from './host.ts';
import {instanceToken} from './program.ts';
import {agentKeys} from './workflow-file.ts';

export const origin = 'http://127.0.0.1:5001';

type Parts = {readonly world: World; readonly faults: WholeFaults; readonly audit: Audit; readonly host: () => WholeHost};

/** What agents, and people, ask of an orchestrator, as requests to its API. A reply that breaks off is none. */
export function requestsOver({world, faults, audit, host}: Parts): Requests {
	const {random} = world;
	/** Bodies come in part, sometimes: going there, or coming back. */
	const perhapsCut = (text: string) =>
		!world.healed && random.chance(faults.cutBody) ? text.slice(0, random.below(text.length + 1)) : text;
	const send = (request: Request, taken: (status: number, text: string) => void) => {
		const caller: Caller = {
			reply: response => {
				host().hangUp(caller);
				response.text().then(text => taken(response.status, text), audit.fail.bind(audit));
			},
			broke: () => undefined,
		};
		host().request(request, caller);
	};
	return {
		exchange(agent, report, reply) {
			send(post(exchangePath(agent), perhapsCut(JSON.stringify(report)), instanceToken(agent)), (status, text) => {
				if (status !== 200) return reply(problemOf(text));
				audit.answered(parseOrders(JSON.parse(text)));
				const orders = received(perhapsCut(text));
				if (orders !== undefined) reply(orders);
			});
		},
		offer(event, reply) {
			const offered = event(0);
			send(requestFor(offered), (status, text) => reply(status < 400 ? undefined : problemOf(text)));
		},
	};
}

/** Undefined: it is cut short, which the agent takes for no answer. */
function received(text: string): Orders | undefined {
	try {
		return parseOrders(JSON.parse(text));
	} catch {
		return undefined;
	}
}

export function problemOf(text: string): ByoaiError {
	const {code, detail}: {code: ErrorCode; detail: string} = JSON.parse(text);
	return new ByoaiError(code, detail);
}

function requestFor(event: Event): Request {
	switch (event.type) {
		case 'agent-registered':
			return post(registerPath, JSON.stringify(event.agent));
		case 'agent-drained':
			return post(`/v1/agents/${event.agent}/drain`);
		case 'agent-removed':
			return new Request(`${origin}/v1/agents/${event.agent}?force=${event.force === true}`, {method: 'DELETE'});
		case 'agent-deployed':
			return post('/deploy_agent', JSON.stringify(agentKeys(event.agent)));
		case 'run-cancelled':
			return post(`/v1/runs/${event.run}/cancel`, JSON.stringify({reason: event.reason}));
		default:
			throw new Error(`nobody asks for ${event.type}`);
	}
}

export function post(path: string, body?: string, token?: string, key?: string): Request {
	return new Request(origin + path, {
		method: 'POST',
		headers: {
			'content-type': 'application/json',
			...(token !== undefined && {authorization: `Bearer ${token}`}),
			...(key !== undefined && {'idempotency-key': key}),
		},
		...(body !== undefined && {body}),
	});
}
