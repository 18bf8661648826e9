import {hostname} from 'node:os';
import {ByoaiError, messageOf} from '../source/model/error.ts';
import {protocolVersion} from '../source/protocol/messages.ts';
import {dialledExchangePath, healthPath, taskPath} from '../source/protocol/routes.ts';
import {Access, isLoopback} from './access.ts';
import type {Agent} from './agent.ts';
import type {Dialled} from './dialled.ts';
import {runDirectTask} from './direct-task.ts';
import {HttpServer} from './http.ts';
import type {AgentSettings} from './settings.ts';

export type ServeOptions = {
	readonly settings: AgentSettings;
	readonly agent: Agent;
	/** Absent: the agent dials its orchestrator, and takes no exchange here. */
	readonly dialled: Dialled | undefined;
	readonly say: (message: string) => void;
};

export type Serving = {
	/** Where it is reached, as far as this host can tell; undefined: nowhere, its port is taken. */
	readonly url: string | undefined;
	close(): Promise<void>;
};

/** What `GET /health` answers, to everybody. */
export type Health = {
	readonly status: 'ok';
	/** Of the agent protocol, which this agent speaks on `POST /v1/exchange` when nobody is dialled by it. */
	readonly protocol: number;
	readonly name: string;
	readonly slots: number;
	/** Slots that a task would get now. */
	readonly free: number;
	readonly draining: boolean;
};

/**
 * Opens the agent's HTTP API. An agent that dials goes on without one when the usual port is taken: several agents on a host
 * are normal. Rejects with `unavailable` where listening is needed, or was asked for, and cannot be.
 */
export async function serve({settings, agent, dialled, say}: ServeOptions): Promise<Serving> {
	const {name, token, open, host, port, portIsExplicit} = settings;
	const server = new HttpServer({
		access: new Access({agent: name, open, ...(token !== undefined && {token})}),
		routes: {
			[healthPath]: {method: 'GET', limit: 'request_bytes', open: true, answer: () => health(name, agent)},
			[taskPath]: {method: 'POST', limit: 'request_bytes', answer: call => runDirectTask(agent, call, settings.taskOutputBytes)},
			[dialledExchangePath]: {method: 'POST', limit: 'orders_bytes', answer: call => dialledOrNot(dialled).exchange(call)},
		},
		say,
	});
	try {
		const listening = await server.listen(host, port);
		const url = urlOf(host, listening);
		say(`listens on ${url}${audience(settings, listening.address)}`);
		return {url, close: () => server.close()};
	} catch (error) {
		const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
		if (!isTaken || portIsExplicit || dialled) throw cannotListen(error, settings, isTaken);
		say(`port ${port} is taken: goes on without listening, since it dials its orchestrator itself (AGENT_API_PORT chooses another)`);
		return {url: undefined, close: () => Promise.resolve()};
	}
}

function health(name: string, {session}: Agent): Health {
	const {slots, free, draining} = session;
	return {status: 'ok', protocol: protocolVersion, name, slots, free, draining};
}

function dialledOrNot(dialled: Dialled | undefined): Dialled {
	if (dialled) return dialled;
	throw new ByoaiError('conflict', 'this agent dials its orchestrator itself (ORCHESTRATOR_URL): register it with "mode": "pull"');
}

/** An address that stands for all of them reaches nobody: the host's name does. */
function urlOf(host: string, {address, port}: {readonly address: string; readonly port: number}): string {
	const name = address === '0.0.0.0' || address === '::' ? hostname() : host;
	return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Who may have it run commands, where that is not as one would think. */
function audience({token, open}: AgentSettings, address: string): string {
	if (token !== undefined || (!open && isLoopback(address))) return '';
	if (open) return isLoopback(address) ? '' : '; whoever reaches it may run commands (BYOAI_AUTH=none)';
	return '; without BYOAI_TOKEN only this host may have it run something';
}

function cannotListen(error: unknown, {host, port}: AgentSettings, isTaken: boolean): ByoaiError {
	const said = messageOf(error);
	const reason = isTaken ? 'something else listens there' : said;
	const message = `cannot listen on ${host}, port ${port}: ${reason}. Choose another with AGENT_API_PORT and AGENT_HOST`;
	return new ByoaiError('unavailable', message, {cause: error});
}
