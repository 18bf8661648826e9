import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import type {Client} from '../../client/client.ts';
import {ByoaiError} from '../../model/error.ts';
import type {RetryPlan} from '../../protocol/views.ts';
import {printable} from '../../text/printable.ts';
import {plural} from '../../text/spans.ts';
import type {Snapshot} from '../data/snapshot.ts';
import {refused} from '../layers/form.ts';
import {awaited, whyDialog} from '../layers/why.ts';
import type {Dialog, Role, Ui} from '../ui.ts';
import type {Act, Again, Errand, LinesOf} from './acts.ts';
import type {Host} from './host.ts';
import {writeOutput} from './output-file.ts';
import {printedBy} from './printed.ts';
import {shellOf} from './shell.ts';

export type ErrandOptions = {
	readonly client: Client;
	readonly role: Role;
	readonly host: Host;
	readonly snapshot: () => Snapshot;
	/** The line that is looked at in the logs, plain. */
	readonly line: () => string | undefined;
	/** Changes what is shown, as it is by then. */
	readonly change: (how: (ui: Ui) => Ui) => void;
	/** A fault of the program itself. */
	readonly failed: (error: unknown) => void;
};

/** Does what was asked for, and shows what came of it. */
export class Errands {
	readonly #options: ErrandOptions;
	readonly #closing = new AbortController();
	/** A program that is to have the terminal, or has it. */
	#opened: Promise<void> | undefined;

	constructor(options: ErrandOptions) {
		this.#options = options;
	}

	/** What changes something. */
	act(act: Act): void {
		void this.#try(() => this.#act(act));
	}

	/** What only looks. */
	do(errand: Exclude<Errand, {type: 'theme'}>): void {
		void this.#try(() => this.#do(errand));
	}

	/** Nobody sees any more what comes of them; resolves when none of their temporary files is left. */
	async close(): Promise<void> {
		this.#closing.abort();
		await Promise.allSettled([this.#opened]);
	}

	async #act(act: Act): Promise<void> {
		const {client} = this.#options;
		switch (act.type) {
			case 'start': {
				const {run} = await client.submitRun({workflow: act.file, params: act.params});
				return this.#begun(run.id);
			}
			case 'cancel':
				await client.cancelRun(act.run, 'cancelled from the terminal');
				return this.#say(`run ${act.run} is being cancelled`);
			case 'retry':
				return this.#begun((await client.retryRun(act.run, act.choice)).id);
			case 'deploy': {
				await client.deployAgent(act.spec);
				return this.#options.change(ui =>
					said({...withoutLayer(ui), pane: 'agents', list: 'agents'}, `agent ${String(act.spec.name)} is being deployed`),
				);
			}
			case 'drain':
				await client.drainAgent(act.agent);
				return this.#say(`agent ${act.agent} gets nothing more`);
			case 'remove': {
				const how = await client.removeAgent(act.agent, {force: act.force});
				return this.#say(`agent ${act.agent} is ${how === 'forgotten' ? 'forgotten' : 'being stopped'}`);
			}
		}
	}

	/** Shows a run that has just begun. */
	#begun(run: string): void {
		this.#options.change(ui => {
			const {source: _, ...rest} = withoutLayer(ui);
			const places = {...ui.places, tasks: {top: 0, filter: ''}};
			return said({...rest, run, pane: 'tasks', list: 'tasks', places}, `run ${run} begins`);
		});
	}

	async #do(errand: Exclude<Errand, {type: 'theme'}>): Promise<void> {
		const {client, host, change} = this.#options;
		switch (errand.type) {
			case 'workflows': {
				const {directory, workflows: rows} = await client.workflows();
				return change(ui => (ui.layer?.kind === 'picker' ? {...ui, layer: {...ui.layer, rows, directory}} : ui));
			}
			case 'plan': {
				const plan = await client.planRetry(errand.run, errand.choice);
				return change(ui => ({...ui, dialog: planDialog(plan, errand.choice)}));
			}
			case 'why': {
				const task = await client.task(errand.run, errand.task);
				const {agents, now} = this.#options.snapshot();
				const printed = await printedBy(client, awaited(task, agents));
				return change(ui => ({...ui, dialog: whyDialog(task, agents, printed, now)}));
			}
			case 'copy':
				host.copy(errand.text);
				return this.#say(`copied: ${errand.what}`);
			case 'copy-line': {
				const line = this.#options.line();
				if (line === undefined) return this.#say('there is no line here');
				host.copy(line);
				return this.#say(`copied: ${printable(line, false)}`);
			}
			case 'pager':
				return this.#open(() => this.#page(errand.lines));
			case 'save':
				return this.#save(errand.lines, errand.file);
			case 'shell':
				return this.#open(() => this.#shell(errand.agent));
		}
	}

	/** Keys that are pressed before it has the terminal open no other. */
	async #open(program: () => Promise<void>): Promise<void> {
		if (this.#opened !== undefined) return;
		this.#opened = program();
		try {
			await this.#opened;
		} finally {
			this.#opened = undefined;
		}
	}

	async #page(lines: LinesOf): Promise<void> {
		const {client, host} = this.#options;
		const directory = await mkdtemp(join(tmpdir(), 'byoai-output-'));
		try {
			const file = join(directory, fileName(lines));
			if ((await writeOutput(client, {file, lines, safe: true, ending: this.#closing.signal})) === 0)
				return this.#say('there is no output yet');
			const status = await host.run('sh', ['-c', `${host.pager} "$1"`, 'sh', file]);
			if (status !== 0) this.#say(`${host.pager} ended with exit ${status}`, true);
		} finally {
			await rm(directory, {recursive: true, force: true});
		}
	}

	async #save(lines: LinesOf, asked: string | undefined): Promise<void> {
		const {client, host} = this.#options;
		const file = resolve(host.directory, asked ?? fileName(lines));
		const count = await writeOutput(client, {file, lines, safe: false});
		this.#say(`saved: ${file} (${plural(count, 'line')})`);
	}

	async #shell(agent: string): Promise<void> {
		const {role, host, client, snapshot} = this.#options;
		const row = snapshot().agents.find(({id}) => id === agent);
		if (row === undefined) return this.#say(`there is no agent ${agent}`, true);
		const way = await shellOf(row, role !== 'client' || isLoopback(client.url));
		if ('words' in way) return this.#tell(`A shell in agent ${agent}`, [way.words]);
		const status = await host.run(way.program, way.args);
		this.#say(status === 0 ? `back from agent ${agent}` : `the shell in agent ${agent} ended with exit ${status}`);
	}

	#say(text: string, isError = false): void {
		this.#options.change(ui => ({...ui, message: {text, isError}}));
	}

	#tell(title: string, text: readonly string[]): void {
		this.#options.change(ui => ({...ui, dialog: notice(title, text)}));
	}

	/** What is refused, or cannot be done, is shown in words, where it was asked. */
	async #try(what: () => Promise<void>): Promise<void> {
		try {
			await what();
		} catch (error) {
			// Nobody sees it any more, and it may be for that alone.
			if (this.#closing.signal.aborted) return;
			const message = wordsOf(error);
			if (message === undefined) return this.#options.failed(error);
			const problems = error instanceof ByoaiError ? error.problems : [];
			this.#options.change(ui => {
				const {layer} = ui;
				if (layer?.kind === 'form' && layer.isSent) return {...ui, layer: refused(layer, message, problems)};
				if (problems.length === 0 && message.length < 70) return {...ui, message: {text: message, isError: true}};
				return {
					...ui,
					dialog: notice('That cannot be', [message, ...problems.map(({message: one}) => one).filter(one => !message.includes(one))]),
				};
			});
		}
	}
}

/** Undefined: it is no matter of the world, but a fault. */
function wordsOf(error: unknown): string | undefined {
	if (error instanceof ByoaiError) return error.message;
	if (!(error instanceof Error && 'code' in error)) return undefined;
	if (error.code === 'EEXIST' && 'path' in error) return `${String(error.path)} is there already: name another file, :save FILE`;
	return error.message;
}

function notice(title: string, text: readonly string[]): Dialog {
	return {title, text, choices: [{key: 'o', label: 'ok'}], at: 0};
}

function withoutLayer({layer: _, ...ui}: Ui): Ui {
	return ui;
}

function said(ui: Ui, text: string): Ui {
	return {...ui, message: {text, isError: false}};
}

function fileName({name}: LinesOf): string {
	return `byoai-${name.replace(/[^\w.-]+/g, '_').slice(0, 100)}.log`;
}

function isLoopback(url: string): boolean {
	const name = URL.parse(url)?.hostname;
	return name === 'localhost' || name === '[::1]' || /^127\./.test(name ?? '');
}

const namesShown = 12;

/** What would run, before it does. */
function planDialog({retryOf, tasks}: RetryPlan, choice: Again): Dialog {
	const of = (action: RetryPlan['tasks'][number]['action']) => tasks.filter(task => task.action === action).map(({name}) => name);
	const [run, keep, skip] = [of('run'), of('keep'), of('skip')];
	return {
		title: `Retry run ${retryOf}: ${run.length} of ${plural(tasks.length, 'task')}`,
		text: [
			`Runs: ${listed(run)}`,
			...(keep.length === 0 ? [] : [`Kept: ${listed(keep)}`]),
			...(skip.length === 0 ? [] : [`Left out: ${listed(skip)}`]),
		],
		choices: [
			{key: 'y', label: 'start it', effect: {type: 'act', act: {type: 'retry', run: retryOf, choice}}},
			{key: 'n', label: 'nothing'},
		],
		at: 0,
	};
}

function listed(names: readonly string[]): string {
	const more = names.length - namesShown;
	return names.slice(0, namesShown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
