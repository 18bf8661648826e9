import type {RunId} from '../../model/ids.ts';
import type {LogLine, RunDetail, ViewChange} from '../../protocol/views.ts';
import type {Output} from '../terminal/output.ts';
import type {RunView, ViewNews} from './run-follower.ts';

/** The view for programs: one JSON object a line. `{"type": "snapshot" | "change", …rows}` of one run, `{"type": "line", …LogLine}`. */
export class JsonView implements RunView {
	readonly #output: Output;
	#id: RunId = '';

	constructor(output: Output) {
		this.#output = output;
	}

	begin({id}: RunDetail): void {
		this.#id = id;
	}

	news({type, rows}: ViewNews): void {
		const own = ofRun(this.#id, rows);
		if (type === 'snapshot' || Object.keys(own).length > 0) this.#output.write(`${JSON.stringify({type, ...own})}\n`);
	}

	line(line: LogLine): void {
		this.#output.write(`${JSON.stringify({type: 'line', ...line})}\n`);
	}

	ready(): Promise<void> {
		return this.#output.ready();
	}

	end(): void {
		// The last change said it.
	}

	close(): void {
		// Nothing is held back.
	}
}

/** The rows that concern one run: its own, its tasks', and agents that do not belong to another. */
function ofRun(id: RunId, {runs, tasks, agents, gone}: ViewChange): ViewChange {
	const own = {
		runs: runs?.filter(run => run.id === id) ?? [],
		tasks: tasks?.filter(task => task.run === id) ?? [],
		agents: agents?.filter(({run}) => run === undefined || run === id) ?? [],
	};
	return {
		...(own.runs.length > 0 && {runs: own.runs}),
		...(own.tasks.length > 0 && {tasks: own.tasks}),
		...(own.agents.length > 0 && {agents: own.agents}),
		...(gone?.agents && {gone: {agents: gone.agents}}),
	};
}
