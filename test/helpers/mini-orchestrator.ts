import * as http from 'node:http';
import type {AddressInfo} from 'node:net';
import type {AttemptRef} from '../../source/model/ids.ts';
import {attemptKey} from '../../source/model/ids.ts';
import type {Assignment, LogStream, Orders, Report, ReportedOutcome} from '../../source/protocol/messages.ts';
import {parseReport} from '../../source/protocol/parse.ts';

export type MiniOptions = {readonly leaseMs?: number};

type Log = {text: Buffer[]; bytes: number; pieces: Array<{stream: LogStream; at: number}>};

/**
 * The least orchestrator that keeps its side of the agent protocol: it serves one agent over real HTTP, in memory, and
 * hands out what a test assigns. `stop` and `start` on another port play its absence; its memory stays. `dial` plays the
 * other direction, until `stop`.
 */
export class MiniOrchestrator {
	readonly registrations: unknown[] = [];
	/** Everything that was ever settled, in order. */
	readonly settled: ReportedOutcome[] = [];
	readonly sessions = new Set<string>();
	/** What the last Report said, without its output. */
	lastReport: Omit<Report, 'logs'> | undefined;
	reports = 0;
	/** Status to answer exchanges with instead of Orders. */
	refuseWith: number | undefined;
	knowsAgent = true;
	/** What agents handed in, and what is answered to it. */
	readonly workflows: unknown[] = [];
	workflowReply: {status: number; body: unknown} = {status: 201, body: {id: 'r0own'}};
	takesLogs = true;
	settles = true;
	drain = false;
	readonly dialErrors: string[] = [];
	/** Authorization headers seen. */
	readonly tokens = new Set<string | undefined>();
	readonly #leaseMs: number;
	readonly #server = new Map<'current', http.Server>();
	readonly #queue: Assignment[] = [];
	readonly #assigned = new Map<string, Assignment>();
	readonly #stops = new Set<string>();
	readonly #done = new Map<string, ReportedOutcome>();
	readonly #logs = new Map<string, Log>();
	readonly #waiting = new Map<string, (orders: Orders) => void>();
	#newest: Report | undefined;
	#dial: (() => void) | undefined;
	#listeners: Array<() => void> = [];

	constructor({leaseMs = 60_000}: MiniOptions = {}) {
		this.#leaseMs = leaseMs;
	}

	async start(): Promise<string> {
		const server = http.createServer((request, response) => void this.#serve(request, response));
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
		this.#server.set('current', server);
		return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	}

	async stop(): Promise<void> {
		const server = this.#server.get('current');
		this.#server.delete('current');
		this.#waiting.clear();
		this.#dial = undefined;
		if (!server) return;
		const closed = new Promise(resolve => server.close(resolve));
		server.closeAllConnections();
		await closed;
	}

	/** Dials the agent with Orders again and again, and beside a dial that is held when there is something new to say. */
	dial(url: string, headers: Readonly<Record<string, string>> = {}): void {
		let newest = 0;
		const dial = async (): Promise<void> => {
			const number = ++newest;
			const reply = await fetch(`${url}/v1/exchange`, {method: 'POST', headers, body: JSON.stringify(this.#orders())});
			const text = await reply.text();
			if (this.#dial !== send) return;
			if (!reply.ok) throw new Error(`${reply.status} ${text}`);
			this.#receive(parseReport(JSON.parse(text)), () => undefined);
			this.#heard();
			if (says(this.#orders())) send();
			else if (number === newest) setTimeout(() => number === newest && this.#dial === send && send(), 20);
		};
		const send = () => {
			dial().catch((error: unknown) => {
				this.dialErrors.push(String(error));
				this.#heard();
			});
		};
		this.#dial = send;
		send();
	}

	assign(assignment: Assignment): AttemptRef {
		this.#queue.push(assignment);
		this.#speak();
		return assignment.ref;
	}

	cancel(ref: AttemptRef): void {
		this.#stops.add(attemptKey(ref));
		this.#speak();
	}

	/** Answers the held exchange: a switch was thrown. */
	changed(): void {
		if (this.#newest) this.#release(this.#newest.session);
		this.#dial?.();
	}

	log(ref: AttemptRef): Buffer {
		return Buffer.concat(this.#logs.get(attemptKey(ref))?.text ?? []);
	}

	logBytes(ref: AttemptRef): number {
		return this.#logs.get(attemptKey(ref))?.bytes ?? 0;
	}

	pieces(ref: AttemptRef): Log['pieces'] {
		return this.#logs.get(attemptKey(ref))?.pieces ?? [];
	}

	async outcome(ref: AttemptRef): Promise<ReportedOutcome> {
		return this.until(() => this.#done.get(attemptKey(ref)));
	}

	/** Resolves with what `look` finds, looking again after each Report. */
	async until<Found>(look: () => Found | undefined | false): Promise<Found> {
		for (;;) {
			const found = look();
			if (found !== undefined && found !== false) return found;
			await new Promise<void>(resolve => this.#listeners.push(resolve));
		}
	}

	async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
		const chunks: Buffer[] = [];
		for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
		const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
		this.tokens.add(request.headers.authorization);
		const answer = (status: number, value: unknown) => {
			response.writeHead(status, {'content-type': 'application/json'});
			response.end(JSON.stringify(value));
		};
		if (this.refuseWith !== undefined) answer(this.refuseWith, {detail: 'refused by the test'});
		else if (request.url === '/register') {
			this.registrations.push(body);
			this.knowsAgent = true;
			answer(200, {status: 'success'});
		} else if (request.url?.endsWith('/workflow')) {
			this.workflows.push(body);
			answer(this.workflowReply.status, this.workflowReply.body);
		} else if (!this.knowsAgent) answer(404, {detail: 'no such agent'});
		else this.#receive(parseReport(body), orders => answer(200, orders));
		this.#heard();
	}

	#receive(report: Report, reply: (orders: Orders) => void): void {
		const {logs, ...rest} = report;
		this.reports += 1;
		this.sessions.add(report.session);
		if (this.#newest?.session === report.session && report.number <= this.#newest.number) return reply(this.#orders());
		this.#newest = report;
		this.lastReport = rest;
		this.#release(report.session);
		if (this.takesLogs) for (const {ref, offset, chunks} of logs) this.#take(ref, offset, chunks);
		for (const outcome of report.outcomes) {
			if (!this.settles || this.#done.has(attemptKey(outcome.ref)) || this.logBytes(outcome.ref) < outcome.logBytes) continue;
			this.#done.set(attemptKey(outcome.ref), outcome);
			this.#assigned.delete(attemptKey(outcome.ref));
			this.settled.push(outcome);
		}
		this.#fill();
		const orders = this.#orders();
		if (logs.length > 0 || says(orders)) return reply(orders);
		this.#waiting.set(report.session, reply);
	}

	#take(ref: AttemptRef, offset: number, chunks: Report['logs'][number]['chunks']): void {
		const log = this.#logs.get(attemptKey(ref)) ?? {text: [], bytes: 0, pieces: []};
		this.#logs.set(attemptKey(ref), log);
		let position = offset;
		for (const {stream, at, data} of chunks) {
			const bytes = Buffer.from(data, 'base64');
			const fresh = bytes.subarray(Math.max(0, log.bytes - position));
			if (position > log.bytes) throw new Error(`a gap in the output of ${attemptKey(ref)}`);
			position += bytes.length;
			if (fresh.length === 0) continue;
			log.text.push(fresh);
			log.bytes += fresh.length;
			log.pieces.push({stream, at});
		}
	}

	#fill(): void {
		if (!this.#newest || this.drain) return;
		const held = new Set(this.#newest.held.map(attemptKey));
		const unheld = [...this.#assigned.keys()].filter(key => !held.has(key)).length;
		for (let room = this.#newest.free - unheld; room > 0; room -= 1) {
			const assignment = this.#queue.shift();
			if (!assignment) return;
			this.#assigned.set(attemptKey(assignment.ref), assignment);
		}
	}

	#orders(): Orders {
		const report = this.#newest;
		const held = new Set(report?.held.map(attemptKey));
		const ended = new Set(report?.outcomes.map(({ref}) => attemptKey(ref)));
		const stops = [...this.#assigned.values()].filter(({ref}) => this.#stops.has(attemptKey(ref)) && !ended.has(attemptKey(ref)));
		return {
			session: report?.session ?? '',
			answers: report?.number ?? 0,
			leaseMs: this.#leaseMs,
			start: [...this.#assigned.values()].filter(({ref}) => !held.has(attemptKey(ref)) && !this.#stops.has(attemptKey(ref))),
			stop: stops.map(({ref}) => ref),
			acknowledged: {
				outcomes: (report?.outcomes ?? []).map(({ref}) => ref).filter(ref => this.#done.has(attemptKey(ref))),
				logs: (report?.held ?? []).filter(ref => this.logBytes(ref) > 0).map(ref => ({ref, offset: this.logBytes(ref)})),
			},
			drain: this.drain,
		};
	}

	#speak(): void {
		this.#fill();
		const session = this.#newest?.session;
		if (session === undefined || !says(this.#orders())) return;
		this.#release(session);
		this.#dial?.();
	}

	#release(session: string): void {
		this.#waiting.get(session)?.(this.#orders());
		this.#waiting.delete(session);
	}

	#heard(): void {
		const listeners = this.#listeners;
		this.#listeners = [];
		for (const listener of listeners) listener();
	}
}

function says(orders: Orders): boolean {
	return orders.start.length + orders.stop.length + orders.acknowledged.outcomes.length > 0;
}
