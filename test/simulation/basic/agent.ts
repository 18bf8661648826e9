import type {TaskBody} from '../../../source/agents/calls.ts';
import type {HttpReply} from '../../../source/agents/http-call.ts';
import type {AttemptRef} from '../../../source/model/ids.ts';
import type {AgentParts} from '../agent.ts';
import {basicOutput} from './judge.ts';

/** Names of basic agents, with their labels; a world has the first few of them. */
const basicAgents = [
	{name: 'plain', labels: {zone: 'east'}},
	{name: 'simple', labels: {zone: 'west', big: 'yes'}},
] as const;

/** Somebody makes it known so often: it is one call, which may get lost. */
const registerMs = 10_000;

/** `undefined`: the connection breaks. */
type Answer = (reply: HttpReply | undefined) => void;

/** A program that answers `GET /health` and `POST /task`, and knows nothing of the agent protocol: whoever wrote it. */
export class BasicAgent {
	readonly name: string;
	readonly #slots: number;
	readonly #parts: AgentParts;
	readonly #labels: Readonly<Record<string, string>>;
	/** Which start of it this is; 0 while it is down. */
	#life = 1;
	#lives = 1;
	#running = 0;

	constructor(parts: AgentParts, {name, labels}: {name: string; labels: Readonly<Record<string, string>>}) {
		this.#parts = parts;
		this.name = name;
		this.#labels = labels;
		this.#slots = 1 + parts.world.random.below(2);
		this.#register();
	}

	get isThere(): boolean {
		return this.#life > 0;
	}

	/** Its process ends, with what it runs, and is started again after a while. */
	crash(): void {
		if (!this.isThere) return;
		const {world} = this.#parts;
		world.trace(() => `${this.name} dies`);
		this.#life = 0;
		this.#running = 0;
		world.at(world.random.below(5000), () => {
			this.#life = ++this.#lives;
		});
	}

	/** A task has come in. `answer` is called when its command has ended, or never. */
	task({run, name, attempt, env}: TaskBody, answer: Answer): void {
		const {world, audit} = this.#parts;
		const {random, faults} = world;
		if (this.#running >= this.#slots) return answer(replyOf(random.pick([429, 503]), {status: 'error', message: 'busy'}));
		const life = this.#life;
		const ref: AttemptRef = {run: env.BYOAI_RUN ?? run, task: Number(name.slice(1)), attempt};
		audit.basicBegan(ref, this.name);
		this.#running++;
		world.at(300 + random.below(random.chance(0.2) ? 30_000 : 6000), () => {
			if (life !== this.#life) return answer(undefined);
			this.#running--;
			const returncode = random.chance(faults.commandFails) ? 1 + random.below(3) : 0;
			const output = basicOutput(ref, random.below(60));
			audit.basicAnswered(ref, {exitCode: returncode, text: output});
			answer(replyOf(200, {status: returncode === 0 ? 'success' : 'error', output, returncode}));
		});
	}

	#register(): void {
		const {world, requests} = this.#parts;
		const agent = {
			name: this.name,
			type: 'basic',
			slots: this.#slots,
			mode: 'push' as const,
			labels: this.#labels,
			url: `http://${this.name}/`,
		};
		world.network.send(this.name, 'out', () =>
			requests.offer(
				at => ({type: 'agent-registered', at, agent}),
				() => undefined,
			),
		);
		world.at(registerMs, () => this.#register());
	}
}

/** Basic agents of a world, by name. */
export function basicCrew(parts: AgentParts): ReadonlyMap<string, BasicAgent> {
	const count = 1 + parts.world.random.below(basicAgents.length);
	return new Map(basicAgents.slice(0, count).map(agent => [agent.name, new BasicAgent(parts, agent)]));
}

function replyOf(status: number, said: unknown): HttpReply {
	return {status, headers: {'content-type': 'application/json', 'content-length': '1'}, body: Buffer.from(JSON.stringify(said))};
}
