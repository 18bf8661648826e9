import type {AttemptRef} from '../source/model/ids.ts';
import type {Orders, Report, ReportedOutcome} from '../source/protocol/messages.ts';

type Call = (method: string, path: string, body?: unknown) => Promise<{readonly status: number; readonly body: string}>;

/** One of many agents in one process: pulls, ends each task at once, and times the exchanges that bring an outcome. */
export class FleetAgent {
	/** Milliseconds from the sending of a Report with an outcome to its Orders. */
	readonly latencies: number[] = [];
	/** Attempts that were ended. */
	done = 0;
	readonly #name: string;
	readonly #call: Call;
	#number = 0;
	#outcomes: ReportedOutcome[] = [];
	#closed = false;

	constructor(name: string, call: Call) {
		this.#name = name;
		this.#call = call;
	}

	async register(): Promise<void> {
		const {status, body} = await this.#call('POST', '/register', {name: this.#name, type: 'fleet', mode: 'pull', labels: {fleet: 'yes'}});
		if (status !== 200) throw new Error(`${this.#name} was refused: ${body}`);
	}

	async live(): Promise<void> {
		while (!this.#closed) {
			const brings = this.#outcomes.length > 0;
			const sentAt = performance.now();
			const reply = await this.#call('POST', `/v1/agents/${this.#name}/exchange`, this.#report()).catch(() => undefined);
			if (reply?.status !== 200) return;
			if (brings) this.latencies.push(performance.now() - sentAt);
			this.#apply(JSON.parse(reply.body) as Orders);
		}
	}

	close(): void {
		this.#closed = true;
	}

	#report(): Report {
		const held = this.#outcomes.map(({ref}) => ref);
		return {session: `s-${this.#name}`, number: ++this.#number, held, free: 1, outcomes: this.#outcomes, logs: [], waitMs: 5000};
	}

	#apply({start, acknowledged}: Orders): void {
		const key = ({run, task, attempt}: AttemptRef) => `${run}.${task}#${attempt}`;
		const settled = new Set(acknowledged.outcomes.map(key));
		this.#outcomes = this.#outcomes.filter(({ref}) => !settled.has(key(ref)));
		const known = new Set(this.#outcomes.map(({ref}) => key(ref)));
		for (const {ref} of start.filter(assignment => !known.has(key(assignment.ref)))) {
			this.done++;
			this.#outcomes.push({ref, outcome: {status: 'succeeded', exitCode: 0, durationMs: 1}, logBytes: 0});
		}
	}
}
