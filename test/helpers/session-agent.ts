import {now} from '../../agent/now.ts';
import {Session} from '../../agent/session.ts';
import type {AttemptRef} from '../../source/model/ids.ts';
import {attemptKey} from '../../source/model/ids.ts';
import type {Outcome} from '../../source/model/run.ts';
import type {Assignment, LogChunk, Orders, Report} from '../../source/protocol/messages.ts';
import {parseOrders} from '../../source/protocol/parse.ts';
import type {Orchestra} from './orchestra.ts';
import type {Served} from './serve.ts';
import {answerJson, bodyOf, serve} from './serve.ts';

type Work = {readonly assignment: Assignment; readonly chunks: LogChunk[]; bytes: number; acknowledged: number; isStopped: boolean};

/** Who opens the connections. */
export type Direction = 'pull' | 'push';

const waitMs = 500;

/**
 * An agent program without processes: the reference agent's own session, over HTTP in either direction; what its tasks do is up to the test.
 * `drops`: of so many exchanges one is lost, in turn before and after it was taken in.
 */
export class SessionAgent {
	readonly session: Session;
	readonly name: string;
	/** Everything that was ever begun. */
	readonly begun: AttemptRef[] = [];
	drops = 0;
	url = '';
	readonly #work = new Map<string, Work>();
	#exchanges = 0;
	#newest = 0;
	#isAlive = true;
	#orchestra: Orchestra | undefined;
	#served: Served | undefined;
	#release: (() => void) | undefined;
	#news: () => void = () => undefined;

	constructor(name: string, slots: number) {
		this.name = name;
		this.session = new Session(`${name}-${Math.random().toString(36).slice(2)}`, slots);
	}

	/** Makes itself known, and is in contact from now on. */
	async join(orchestra: Orchestra, direction: Direction, port?: number): Promise<void> {
		this.#orchestra = orchestra;
		if (direction === 'push') await this.#listen(port);
		const more = direction === 'push' ? {url: this.url} : {mode: 'pull'};
		const reply = await orchestra.call('POST', '/register', {name: this.name, type: 'test', slots: this.session.slots, ...more});
		if (reply.status !== 200) throw new Error(await reply.text());
		if (direction === 'pull') void this.#pull();
	}

	/** The orchestrator was started again. */
	meet(orchestra: Orchestra): void {
		this.#orchestra = orchestra;
	}

	get port(): number {
		return this.#served?.port ?? 0;
	}

	async kill(): Promise<void> {
		this.#isAlive = false;
		this.#news();
		await this.#served?.kill();
	}

	/** The attempts that run, by task name. */
	get running(): string[] {
		const live = new Set(this.session.live().map(attemptKey));
		return [...this.#work.values()].filter(({assignment}) => live.has(attemptKey(assignment.ref))).map(({assignment}) => assignment.task);
	}

	isStopped(task: string): boolean {
		return this.#of(task).isStopped;
	}

	print(task: string, text: string): void {
		const work = this.#of(task);
		const data = Buffer.from(text);
		work.chunks.push({stream: 'stdout', at: 1, data: data.toString('base64')});
		work.bytes += data.length;
		this.#news();
	}

	end(task: string, outcome: Outcome = {status: 'succeeded', exitCode: 0}): void {
		const work = this.#of(task);
		this.session.finished(work.assignment.ref, outcome, work.bytes);
		this.#news();
	}

	#of(task: string): Work {
		const work = [...this.#work.values()].findLast(({assignment}) => assignment.task === task);
		if (work === undefined) throw new Error(`task ${task} was not begun`);
		return work;
	}

	#report(): Report {
		const logs = [...this.#work.values()].flatMap(({assignment: {ref}, chunks, bytes, acknowledged}) => {
			return acknowledged < bytes ? [{ref, offset: 0, chunks}] : [];
		});
		const report = this.session.report(now(), waitMs, logs);
		this.#newest = report.number;
		return report;
	}

	#apply(orders: Orders): void {
		const applied = this.session.apply(orders, now());
		for (const {ref, offset} of applied.acknowledgedLogs) {
			const work = this.#work.get(attemptKey(ref));
			if (work) work.acknowledged = offset;
		}
		for (const ref of applied.settled) this.#work.delete(attemptKey(ref));
		for (const ref of applied.stop) {
			const work = this.#work.get(attemptKey(ref));
			if (work) work.isStopped = true;
		}
		for (const assignment of applied.start) {
			this.begun.push(assignment.ref);
			this.#work.set(attemptKey(assignment.ref), {assignment, chunks: [], bytes: 0, acknowledged: 0, isStopped: false});
		}
	}

	/** Whether the next message is lost; before it is taken in, or after. */
	#drop(): 'before' | 'after' | undefined {
		this.#exchanges++;
		if (this.drops === 0 || this.#exchanges % this.drops > 0) return undefined;
		return (this.#exchanges / this.drops) % 2 === 0 ? 'before' : 'after';
	}

	async #pull(): Promise<void> {
		while (this.#isAlive) {
			const {promise: news, resolve} = Promise.withResolvers<void>();
			this.#news = resolve;
			const answered = this.#exchange();
			await Promise.race([answered, news]);
			await new Promise(done => setTimeout(done, 10));
		}
	}

	async #exchange(): Promise<void> {
		const drop = this.#drop();
		const report = this.#report();
		if (drop === 'before') return;
		const reply = await this.#orchestra?.call('POST', `/v1/agents/${this.name}/exchange`, report);
		if (reply?.status !== 200 || drop === 'after') return;
		this.#apply(parseOrders(await reply.json()));
	}

	async #listen(port?: number): Promise<void> {
		this.#news = () => this.#release?.();
		this.#served = await serve(async (request, response) => {
			if (request.url === '/health') return answerJson(response, {status: 'ok', protocol: 1});
			const drop = this.#drop();
			if (drop === 'before') return void request.socket.destroy();
			const orders = parseOrders(await bodyOf(request));
			const isOwn = orders.session === this.session.id && orders.answers === this.#newest;
			this.#apply(orders);
			this.#release?.();
			if (isOwn && !this.session.hasOutcomes && !this.#hasOutput) await this.#held();
			if (drop === 'after') request.socket.destroy();
			else answerJson(response, this.#report());
		}, port);
		this.url = this.#served.url;
	}

	get #hasOutput(): boolean {
		return this.#work.values().some(({bytes, acknowledged}) => acknowledged < bytes);
	}

	/** Until there is news, a newer dial, or its time is over. */
	#held(): Promise<void> {
		return new Promise(resolve => {
			const release = () => {
				clearTimeout(timer);
				if (this.#release === release) this.#release = undefined;
				resolve();
			};
			const timer = setTimeout(release, waitMs);
			this.#release = release;
		});
	}
}
