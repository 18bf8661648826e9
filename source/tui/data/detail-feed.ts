import type {Client} from '../../client/client.ts';
import {ByoaiError} from '../../model/error.ts';
import type {AgentDetail, RunDetail, WholeTask} from '../../protocol/views.ts';
import type {Subject} from '../layer.ts';

/** What is known of what is looked at; nothing yet while all but `of` are absent. */
export type DetailView = {
	readonly of: Subject;
	readonly task?: WholeTask;
	readonly agent?: AgentDetail;
	readonly run?: RunDetail;
	/** Why there is no more, or nothing newer. */
	readonly trouble?: string;
};

export type DetailFeedOptions = {
	readonly client: Client;
	/** Something is new. */
	readonly heard: () => void;
	/** Something broke that trying again does not mend. */
	readonly failed: (error: unknown) => void;
};

/** How often at most it is asked for anew. */
const everyMs = 1000;

/** Asks for one thing whole while somebody looks at it, again when something has changed. */
export class DetailFeed {
	readonly #options: DetailFeedOptions;
	#view: DetailView | undefined;
	#timer: NodeJS.Timeout | undefined;
	/** Something has changed since it was asked for last. */
	#isOld = false;

	constructor(options: DetailFeedOptions) {
		this.#options = options;
	}

	get view(): DetailView | undefined {
		return this.#view;
	}

	/** Looks at this from now on; at nothing. */
	show(of: Subject | undefined): void {
		if (of === this.#view?.of) return;
		this.close();
		if (of === undefined) return;
		this.#view = {of};
		void this.#ask(of);
	}

	/** Something has changed somewhere. */
	changed(): void {
		if (this.#view === undefined) return;
		if (this.#timer !== undefined) this.#isOld = true;
		else void this.#ask(this.#view.of);
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#view = undefined;
		this.#isOld = false;
	}

	async #ask(of: Subject): Promise<void> {
		this.#isOld = false;
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			if (this.#isOld) this.changed();
		}, everyMs);
		try {
			const found = await this.#whole(of);
			if (this.#view?.of !== of) return;
			this.#view = {of, ...found};
		} catch (error) {
			if (this.#view?.of !== of) return;
			if (!(error instanceof ByoaiError)) return this.#options.failed(error);
			this.#view = {...this.#view, trouble: error.message};
		}
		this.#options.heard();
	}

	async #whole(of: Subject): Promise<Omit<DetailView, 'of'>> {
		const {client} = this.#options;
		switch (of.kind) {
			case 'task':
				return {task: await client.task(of.run, of.task)};
			case 'agent':
				return {agent: await client.agent(of.agent)};
			case 'run':
				return {run: await client.run(of.run)};
		}
	}
}
