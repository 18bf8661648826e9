import {ByoaiError} from '../model/error.ts';
import type {Limits} from '../model/limits.ts';
import type {AgentSpec} from '../model/workflow.ts';
import {loadAgentText} from '../workflow/load-agent.ts';
import {decodeText} from '../workflow/text.ts';
import type {Invocation} from './command.ts';
import {readFileBytes} from './read-file.ts';
import {readPairs} from './words/arguments.ts';
import type {Flags} from './words/options.ts';

/** What is sent, as it was written, and what it means. */
export type AskedAgent = {readonly keys: Readonly<Record<string, unknown>>; readonly spec: AgentSpec};

const keyFlags = ['name', 'type', 'image', 'slots', 'label', 'env', 'volume'] as const;

/**
 * The agent that a command line describes: by a YAML or JSON file with the keys of one agent, by standard input (`-`), or by flags.
 * Rejects with `usage`, or with `invalid` and all that is wrong.
 */
export async function readAgentSpec(invocation: Invocation): Promise<AskedAgent> {
	const {operands, flags, config} = invocation;
	const [file] = operands;
	const given = keyFlags.filter(name => flags[name] !== undefined);
	if (file !== undefined && given.length > 0) {
		throw new ByoaiError(
			'usage',
			`an agent is described by ${file} or by flags, not by both: ${given.map(name => `--${name}`).join(', ')}`,
		);
	}
	if (file === undefined && flags.name === undefined) {
		throw new ByoaiError('usage', 'byoai deploy needs a file with the keys of an agent, or --name. See: byoai deploy --help');
	}
	const isFile = file !== undefined;
	const text = isFile ? await textOf(file, invocation) : JSON.stringify(keysOf(flags));
	const loaded = loadAgentText(text, {file: file === '-' ? 'standard input' : (file ?? ''), limits: config.limits});
	if (loaded.spec !== undefined) return {keys: loaded.value, spec: loaded.spec};
	// What flags say stands in no line.
	const problems = isFile ? loaded.problems : loaded.problems.map(({message}) => ({message}));
	throw new ByoaiError('invalid', 'the agent is not valid', {problems});
}

function keysOf({name, type, image, slots, label, env, volume}: Flags): Record<string, unknown> {
	return {
		name,
		...(type !== undefined && {type}),
		...(image !== undefined && {image}),
		...(slots !== undefined && {slots: /^\d+$/.test(slots) ? Number(slots) : slots}),
		...(label && {labels: readPairs(label, '--label')}),
		...(env && {env: readPairs(env, '--env')}),
		...(volume && {volumes: volume}),
	};
}

async function textOf(file: string, {config, stdin}: Invocation): Promise<string> {
	const bytes = file === '-' ? await readAll(stdin(), config.limits) : readFileBytes(file, config.limits.workflow_bytes);
	if (bytes === undefined) throw new ByoaiError('not_found', `no file ${JSON.stringify(file)}`);
	return decodeText(bytes, file === '-' ? 'standard input' : file);
}

async function readAll(stream: NodeJS.ReadableStream, {workflow_bytes: most}: Limits): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of stream) {
		const part = Buffer.from(chunk);
		bytes += part.length;
		if (bytes > most) throw new ByoaiError('invalid', `standard input has more than the limit workflow_bytes permits (${most} bytes)`);
		chunks.push(part);
	}
	return Buffer.concat(chunks);
}
