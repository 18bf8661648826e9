import {readFileSync, statSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Problem} from '../source/model/error.ts';
import {ByoaiError, messageOf} from '../source/model/error.ts';
import {defaultLimits} from '../source/model/limits.ts';
import type {Orchestrator} from './orchestrator.ts';

export type OwnWorkflowOptions = {
	/** `AGENT_WORKFLOW`, relative to where the agent runs. */
	readonly file: string;
	readonly session: string;
	readonly orchestrator: Orchestrator;
	readonly say: (message: string) => void;
};

/** What may pass; anything else is a refusal. */
const passing: ReadonlySet<string> = new Set(['unavailable', 'limit']);
const shortestRetryMs = 200;
const longestRetryMs = 5000;
/** More problems of a file are only counted. */
const shownProblems = 20;

/** The agent's own workflow: handed to the orchestrator once for this start of the agent. */
export class OwnWorkflow {
	readonly #options: OwnWorkflowOptions;
	readonly #closing = new AbortController();
	#begun = false;

	constructor(options: OwnWorkflowOptions) {
		this.#options = options;
	}

	/** To be called once the orchestrator knows the agent's session; again it does nothing. Never rejects for a refusal. */
	async handIn(): Promise<void> {
		if (this.#begun) return;
		this.#begun = true;
		const {file, session, say} = this.#options;
		try {
			const run = await this.#untilTaken({session, file, text: readWorkflow(file)});
			if (!this.#closing.signal.aborted)
				say(`handed ${file} (AGENT_WORKFLOW) to the orchestrator${run === undefined ? '' : `: run ${run}`}`);
		} catch (error) {
			if (!(error instanceof ByoaiError)) throw error;
			say(`AGENT_WORKFLOW is not run: ${error.message}`);
			for (const problem of error.problems.slice(0, shownProblems)) say(`\t${inWords(problem, file)}`);
			const more = error.problems.length - shownProblems;
			if (more > 0) say(`\tand ${more} more`);
		}
	}

	/** Tries no more. */
	close(): void {
		this.#closing.abort();
	}

	async #untilTaken(workflow: {readonly session: string; readonly file: string; readonly text: string}): Promise<string | undefined> {
		const {orchestrator, say} = this.#options;
		const {signal} = this.#closing;
		for (let failures = 0; !signal.aborted; failures += 1) {
			try {
				return await orchestrator.handIn(workflow);
			} catch (error) {
				if (!(error instanceof ByoaiError && passing.has(error.code))) throw error;
				if (failures === 1) say(`${workflow.file} (AGENT_WORKFLOW) is not handed over yet: trying again (${error.message})`);
			}
			const retryMs = Math.min(longestRetryMs, shortestRetryMs * 2 ** failures) * (0.5 + Math.random() / 2);
			await sleep(retryMs, undefined, {signal}).catch(() => undefined); // the agent ends: the loop does too
		}
		return undefined;
	}
}

/** Throws `unavailable` and `too_large`, in words. */
function readWorkflow(file: string): string {
	const most = defaultLimits.workflow_bytes;
	try {
		const stat = statSync(file);
		if (!stat.isFile()) throw new ByoaiError('unavailable', `${file} is not a file`);
		if (stat.size > most) throw new ByoaiError('too_large', `${file} is larger than the limit workflow_bytes permits (${most} bytes)`);
		return readFileSync(file, 'utf8');
	} catch (error) {
		if (error instanceof ByoaiError) throw error;
		throw new ByoaiError('unavailable', `${file} cannot be read: ${messageOf(error)}`, {
			cause: error,
		});
	}
}

/** As `byoai validate` has it: `file:line:column: message`. */
function inWords({message, file, line, column, path}: Problem, ownFile: string): string {
	const place = [file ?? ownFile, line, column].filter(part => part !== undefined).join(':');
	return `${place}: ${line === undefined && path !== undefined ? `${path}: ` : ''}${message}`;
}
