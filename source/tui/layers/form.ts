import type {Problem} from '../../model/error.ts';
import type {WorkflowParam, WorkflowRow} from '../../protocol/views.ts';
import {typed} from '../keys/typing.ts';
import type {Field, FormLayer} from '../layer.ts';

/** What a workflow asks for, with its defaults filled in. */
export function startForm({file, name, description, params}: WorkflowRow): FormLayer {
	return {
		kind: 'form',
		purpose: {type: 'start', file},
		title: `Run ${name}`,
		...(description !== undefined && {about: description}),
		verb: 'run it',
		fields: params.map(fieldOf),
		at: 0,
		isSent: false,
		problems: [],
	};
}

/** The few things without which no agent can be deployed; the rest is for a file. */
export function deployForm(): FormLayer {
	const text = {type: 'string', value: '', isRequired: false} as const;
	return {
		kind: 'form',
		purpose: {type: 'deploy'},
		title: 'Deploy an agent',
		about: 'It stays until it is removed. For volumes, environment and the like: byoai deploy FILE.',
		verb: 'deploy it',
		fields: [
			{...text, name: 'name', isRequired: true, about: 'letters, digits, . _ -'},
			{...text, name: 'type', value: 'docker', choices: ['docker', 'kubernetes', 'local']},
			{...text, name: 'image', about: 'empty: the default image'},
			{...text, name: 'slots', type: 'integer', value: '1', about: 'tasks at once'},
			{...text, name: 'labels', type: 'list', about: 'key=value, with commas between'},
		],
		at: 0,
		isSent: false,
		problems: [],
	};
}

function fieldOf({name, type, required, default: byDefault, enum: values, description}: WorkflowParam): Field {
	const known = knownValues(type, values);
	// Without a default there is a choice of none, until one is required.
	const choices = known === undefined || byDefault !== undefined ? known : ['', ...known];
	return {
		name,
		type,
		value: byDefault === undefined ? '' : textOf(byDefault),
		isRequired: required && byDefault === undefined,
		...(choices !== undefined && {choices}),
		...(description !== undefined && {about: description}),
	};
}

function textOf(value: unknown): string {
	if (typeof value === 'string') return value;
	const isPlainList = Array.isArray(value) && value.every(item => !/[,"[]/.test(String(item)));
	return isPlainList ? value.join(',') : JSON.stringify(value);
}

function knownValues(type: WorkflowParam['type'], values: readonly unknown[] | undefined): readonly string[] | undefined {
	if (type === 'list') return undefined;
	if (values !== undefined) return values.map(textOf);
	return type === 'boolean' ? ['true', 'false'] : undefined;
}

/** What a key makes of a form; `send`: it is whole, and to be sent. Undefined: it is closed. */
export function pressForm(layer: FormLayer, key: string): {readonly layer: FormLayer; readonly send?: true} | undefined {
	const {fields, at} = layer;
	const count = fields.length + 1;
	const field = fields[at];
	const to = (next: number) => ({layer: {...layer, at: (next + count) % count}});
	switch (key) {
		case 'esc':
			return undefined;
		case 'tab':
		case 'down':
			return to(at + 1);
		case 'shift+tab':
		case 'up':
			return to(at - 1);
		case 'ctrl+s':
			return submit(layer);
		case 'enter':
			return field === undefined ? submit(layer) : to(at + 1);
	}
	if (field === undefined) return {layer};
	const value = field.choices === undefined ? typed(field.value, key) : chosen(field.choices, field.value, key);
	return {layer: value === undefined ? layer : withField(layer, at, {...without(field), value})};
}

/** Pasted text. */
export function pasteIntoForm(layer: FormLayer, text: string): FormLayer {
	const field = layer.fields[layer.at];
	return field === undefined || field.choices !== undefined
		? layer
		: withField(layer, layer.at, {...without(field), value: field.value + text});
}

function chosen(choices: readonly string[], value: string, key: string): string | undefined {
	const at = Math.max(0, choices.indexOf(value));
	if (key === 'right' || key === 'space') return choices[(at + 1) % choices.length];
	if (key === 'left') return choices.at(at - 1);
	// The next that begins with it.
	return [...choices.slice(at + 1), ...choices.slice(0, at + 1)].find(
		choice => choice !== '' && choice.toLowerCase().startsWith(key.toLowerCase()),
	);
}

function withField(layer: FormLayer, at: number, field: Field): FormLayer {
	return {...layer, fields: layer.fields.with(at, field), problems: []};
}

function without({problem: _, ...field}: Field): Field {
	return field;
}

function submit(layer: FormLayer): {readonly layer: FormLayer; readonly send?: true} {
	const fields = layer.fields.map(field => {
		const problem = problemOf(field);
		return {...without(field), ...(problem !== undefined && {problem})};
	});
	const wrong = fields.findIndex(({problem}) => problem !== undefined);
	if (wrong >= 0) return {layer: {...layer, fields, at: wrong}};
	return {layer: {...layer, fields, isSent: true, problems: []}, send: true};
}

function problemOf({value, type, isRequired}: Field): string | undefined {
	if (value === '') return isRequired ? 'is required' : undefined;
	if (type === 'integer' && !/^[+-]?\d+$/.test(value.trim())) return 'must be a whole number';
	if (type === 'number' && (value.trim() === '' || Number.isNaN(Number(value)))) return 'must be a number';
	return undefined;
}

/** What the form says, by name; what was left empty is left out. */
export function valuesOf({fields}: FormLayer): Record<string, string> {
	return Object.fromEntries(fields.filter(({value}) => value !== '').map(({name, value}) => [name, value]));
}

/** An agent as a workflow file would have it. */
export function agentOf(layer: FormLayer): Record<string, unknown> {
	const {labels, slots, ...values} = valuesOf(layer);
	const pairs = labels?.split(',').map(pair => pair.trim().split('=')) ?? [];
	return {
		...values,
		...(slots !== undefined && {slots: Number(slots)}),
		...(labels !== undefined && {labels: Object.fromEntries(pairs.map(([key = '', ...value]) => [key, value.join('=')]))}),
	};
}

/** The form with what was said against it: at the fields that are named, and below them. */
export function refused(layer: FormLayer, message: string, problems: readonly Problem[]): FormLayer {
	const of = (name: string) => problems.find(({path}) => path === `params.${name}` || path === name)?.message;
	const fields = layer.fields.map(field => {
		const problem = of(field.name);
		return {...without(field), ...(problem !== undefined && {problem})};
	});
	const others = problems.filter(({path}) => !layer.fields.some(({name}) => path === `params.${name}` || path === name));
	const at = fields.findIndex(({problem}) => problem !== undefined);
	const told = problems.length === 0 ? [message] : others.map(placed);
	return {...layer, fields, at: at < 0 ? layer.at : at, isSent: false, problems: told};
}

function placed({file, line, column, message}: Problem): string {
	return file === undefined || line === undefined ? message : `${file}:${line}:${column ?? 1}: ${message}`;
}
