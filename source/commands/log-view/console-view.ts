import type {RunId} from '../../model/ids.ts';
import type {LogLine, RunDetail, TaskDetail, TaskRow} from '../../protocol/views.ts';
import {formatCount, plural} from '../../text/spans.ts';
import type {Style} from '../../text/style.ts';
import type {Output} from '../terminal/output.ts';
import {ConsoleFormat} from './format.ts';
import type {RunView, ViewNews} from './run-follower.ts';
import type {Notice} from './story.ts';
import {RunStory} from './story.ts';
import {formatSummary} from './summary.ts';
import {WaitingReasons} from './waiting-reasons.ts';

export type ConsoleViewOptions = {
	readonly output: Output;
	readonly style: Style;
	/** The run, to ask why its tasks wait. */
	readonly ask: (id: RunId) => Promise<RunDetail>;
	/** Several runs are shown together. */
	readonly manyRuns: boolean;
	/** The run went on already before it was followed. */
	readonly resumed: boolean;
	/** How far starts are is shown elsewhere, as it changes. */
	readonly isLive: boolean;
};

/** `at`: when it happened; `heardAt`: when that was told here. Both in milliseconds since 1970. */
type HeldNotice = {readonly notice: Notice; readonly at: number; readonly heardAt: number};

const tickMs = 100;
/** What happened to a task comes on another way than its last lines, which are to stand before it. */
const holdMs = 100;
const firstAskMs = 3000;
const mostAskMs = 60_000;

/** The log view: tells one run to people, line by line, and sums it up at its end. */
export class ConsoleView implements RunView {
	readonly #options: ConsoleViewOptions;
	readonly #reasons = new WaitingReasons();
	readonly #timer: NodeJS.Timeout;
	#story = new RunStory('', 0);
	#format: ConsoleFormat;
	#held: HeldNotice[] = [];
	#nextAskAt = 0;
	#askEveryMs = firstAskMs;

	constructor(options: ConsoleViewOptions) {
		this.#options = options;
		this.#format = new ConsoleFormat({style: options.style, run: '', taskNames: []});
		this.#timer = setInterval(() => this.#tick(Date.now()), tickMs);
	}

	begin({id, workflow, tasks, retryOf}: RunDetail): void {
		const {style, output, resumed, manyRuns, isLive} = this.#options;
		this.#story = new RunStory(id, tasks.length, {isLive});
		this.#format = new ConsoleFormat({style, run: id, manyRuns, taskNames: tasks.map(({name}) => name)});
		const attempts = Math.max(1, ...tasks.filter(({status}) => status === 'running').map(({attempt}) => attempt));
		const how = resumed ? ` goes on${attempts > 1 ? ` (attempt ${attempts})` : ''}` : '';
		const kept = tasks.filter(({takenFrom}) => takenFrom !== undefined).length;
		const facts = [
			`run ${id}${how}: ${workflow}`,
			...(tasks.length === 1 ? [] : [plural(tasks.length, 'task')]),
			...(retryOf === undefined ? [] : [`a retry of run ${retryOf}`]),
			...(kept === 0 ? [] : [`${formatCount(kept)} kept`]),
		];
		output.write(this.#format.plain(style.bold(facts.join(', ')), Date.now()));
	}

	news({rows}: ViewNews): void {
		const now = Date.now();
		this.#hold(this.#story.change(rows, now), now);
	}

	line(line: LogLine): void {
		// What happened before it was printed stands before it. Within the same millisecond, a task's own line came before its end.
		this.#release(({at}) => at < line.at);
		this.#story.line(line);
		this.#options.output.write(this.#format.line(line));
	}

	ready(): Promise<void> {
		return this.#options.output.ready();
	}

	end(run: RunDetail): void {
		const now = Date.now();
		this.#hold(this.#story.change({tasks: run.tasks.map(task => rowOf(run.id, task))}, now), now);
		this.#release(() => true);
		const summary = formatSummary(run, task => this.#story.tail(task), this.#options.style);
		this.#options.output.write(summary);
	}

	close(): void {
		clearInterval(this.#timer);
		this.#release(() => true);
	}

	#tick(now: number): void {
		this.#hold(this.#story.tick(now), now - holdMs);
		this.#release(({heardAt}) => heardAt <= now - holdMs);
		if (this.#story.isStuck(now) && now >= this.#nextAskAt) void this.#askWhy(now);
	}

	#hold(notices: readonly Notice[], heardAt: number): void {
		for (const notice of notices) this.#held.push({notice, at: Math.min(happenedAt(notice) ?? heardAt, heardAt), heardAt});
	}

	#release(isDue: (held: HeldNotice) => boolean): void {
		if (this.#held.length === 0) return;
		const due = this.#held.filter(isDue);
		this.#held = this.#held.filter(held => !isDue(held));
		for (const {notice, at} of due) this.#options.output.write(this.#format.notice(notice, at));
	}

	async #askWhy(now: number): Promise<void> {
		this.#nextAskAt = Number.POSITIVE_INFINITY;
		try {
			const notices = this.#reasons.news(await this.#options.ask(this.#story.id));
			this.#hold(notices, now);
			this.#askEveryMs = notices.length > 0 ? firstAskMs : Math.min(mostAskMs, this.#askEveryMs * 2);
		} catch {
			// An orchestrator that does not answer is heard of by those who read its streams.
		}
		this.#nextAskAt = Date.now() + this.#askEveryMs;
	}
}

/** By the orchestrator's clock; undefined: nobody wrote it down. */
function happenedAt(notice: Notice): number | undefined {
	if (notice.kind === 'ended') return notice.task.endedAt;
	return notice.kind === 'again' && notice.task.status === 'running' ? notice.task.assignedAt : undefined;
}

/** A task of a whole run as its row would be. */
function rowOf(run: RunId, {dependsOn: _, waiting: __, attempts, ...task}: TaskDetail): TaskRow {
	const outcome = attempts.at(-1)?.outcome;
	return {...task, id: `${run}/${task.task}`, version: 0, run, ...(outcome && {outcome})};
}
