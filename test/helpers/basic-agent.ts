import type * as http from 'node:http';
import {answerJson, bodyOf, serve} from './serve.ts';

export type TaskAsked = {readonly name: string; readonly command: string; readonly run: string; readonly attempt: number};

/** A basic agent on this host, whose tasks the test ends; `health` says what it answers there. */
export class BasicAgent {
	readonly asked: TaskAsked[] = [];
	readonly open: http.ServerResponse[] = [];
	healthChecks = 0;
	/** Questions after its health of which nobody awaits the answer any more. */
	givenUp = 0;
	/** Answers to `/health`; undefined: it stays silent. */
	health: number | undefined = 200;
	/** Says what it speaks. */
	said: unknown = {status: 'healthy'};
	/** Answers at once; undefined: the test does. */
	reply: ((task: TaskAsked) => unknown) | undefined;
	url = '';
	#port = 0;
	#kill: () => Promise<void> = () => Promise.resolve();

	static async start(change: Partial<Pick<BasicAgent, 'health' | 'reply' | 'said'>> = {}): Promise<BasicAgent> {
		const agent = new BasicAgent();
		Object.assign(agent, change);
		await agent.listen();
		return agent;
	}

	/** At the same port as before, when it was killed. */
	async listen(): Promise<void> {
		const {url, port, kill} = await serve((request, response) => void this.#answer(request, response), this.#port);
		this.url = url;
		this.#port = port;
		this.#kill = kill;
	}

	kill(): Promise<void> {
		return this.#kill();
	}

	async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
		if (request.url === '/health') {
			this.healthChecks++;
			response.on('close', () => {
				if (!response.writableEnded) this.givenUp++;
			});
			if (this.health !== undefined) answerJson(response, this.said, this.health);
			return;
		}
		if (request.url !== '/task') return answerJson(response, {}, 404);
		const task = (await bodyOf(request)) as TaskAsked;
		this.asked.push(task);
		if (this.reply !== undefined) return answerJson(response, this.reply(task));
		this.open.push(response);
	}
}
