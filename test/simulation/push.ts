import type {Exchanges} from '../../source/agents/exchange.ts';
import {saysSomething} from '../../source/agents/sessions.ts';
import type {Engine} from '../../source/engine/engine.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {SessionId} from '../../source/model/ids.ts';
import type {Orders, Report} from '../../source/protocol/messages.ts';
import type {AgentProcess} from './agent.ts';
import type {Audit} from './audit.ts';
import type {Life} from './life.ts';
import type {World} from './world.ts';

const beatMs = 2500;
const pauseMs = 100;

export type PushParts = {
	readonly world: World;
	readonly audit: Audit;
	readonly life: Life;
	readonly engine: Engine;
	readonly exchanges: Exchanges;
	readonly agent: (name: string) => AgentProcess | undefined;
};

/** The other direction of the same exchange: the orchestrator dials with Orders, and the agent replies with a Report. */
export class PushDialer {
	readonly #parts: PushParts;
	/** The newest Report of each agent, in this life. */
	readonly #heard = new Map<string, Report>();
	readonly #dials = new Map<string, number>();

	constructor(parts: PushParts) {
		this.#parts = parts;
	}

	start(): void {
		for (const {name, mode} of Object.values(this.#parts.engine.state.agents)) if (mode === 'push') this.#dial(name);
		this.#parts.life.later(beatMs, () => this.start());
	}

	/** There is something new to say to this session. */
	sendOrders(session: SessionId): void {
		for (const [agent, report] of this.#heard) if (report.session === session) this.#dial(agent);
	}

	#dial(agent: string): void {
		const dial = (this.#dials.get(agent) ?? 0) + 1;
		this.#dials.set(agent, dial);
		this.#orders(agent).then(
			orders => this.#parts.life.alive && this.#send(agent, orders, dial),
			(error: unknown) => this.#failed(error),
		);
	}

	#send(agent: string, orders: Orders, dial: number): void {
		const {network} = this.#parts.world;
		network.send(agent, 'in', () => {
			this.#parts.agent(agent)?.dialled(orders, report => {
				network.send(agent, 'out', () => this.#parts.life.run(() => this.#take(agent, report, dial)));
			});
		});
	}

	/** Orders follow from the state and the newest Report: shown again, that Report renews nothing. */
	async #orders(agent: string): Promise<Orders> {
		const newest = this.#heard.get(agent);
		if (newest !== undefined && newest.session in this.#parts.engine.state.sessions) {
			return this.#parts.exchanges.exchange(agent, {...newest, waitMs: 0});
		}
		const known = Object.values(this.#parts.engine.state.sessions).findLast(session => session.agent === agent);
		const nothing = {start: [], stop: [], acknowledged: {outcomes: [], logs: []}, drain: false};
		return {session: known?.id ?? '', answers: 0, leaseMs: known?.leaseMs ?? 0, ...nothing};
	}

	#take(agent: string, report: Report, dial: number): void {
		this.#parts.exchanges.exchange(agent, {...report, waitMs: 0}).then(
			orders => {
				if (!this.#parts.life.alive) return;
				const before = this.#heard.get(agent);
				if (before?.session !== report.session || before.number < report.number) this.#heard.set(agent, report);
				if (saysSomething(orders)) this.#dial(agent);
				else if (dial === this.#dials.get(agent))
					this.#parts.life.later(pauseMs, () => dial === this.#dials.get(agent) && this.#dial(agent));
			},
			(error: unknown) => this.#failed(error),
		);
	}

	#failed(error: unknown): void {
		if (!this.#parts.life.alive || error instanceof ByoaiError) return; // refused: the next beat tries again
		this.#parts.audit.fail(`push broke: ${error instanceof Error ? error.stack : String(error)}`);
	}
}
