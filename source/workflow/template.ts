import type {Lookup, Value} from './expression.ts';
import {ExpressionError, evaluate, textOf} from './expression.ts';

/** What stands wrong in a template, and the piece of its text that shows it. */
export class TemplateError extends Error {
	readonly piece: string;

	constructor(message: string, piece: string) {
		super(message);
		this.piece = piece;
	}
}

const opening = '${{';

/**
 * Replaces every `${{ expression }}` of a text. A text that is exactly one expression gives its value, whatever its type.
 * `$${{` stands for a literal `${{`. Throws a `TemplateError`.
 */
export function fillTemplate(text: string, lookup: Lookup): Value {
	let result = '';
	let from = 0;
	for (let start = text.indexOf(opening); start >= 0; start = text.indexOf(opening, from)) {
		if (text[start - 1] === '$' && start > from) {
			result += text.slice(from, start - 1) + opening;
			from = start + opening.length;
			continue;
		}
		const end = endOfExpression(text, start);
		const value = evaluateAt(text, start, end, lookup);
		if (start === 0 && end === text.length) return value;
		result += text.slice(from, start) + textOf(value);
		from = end;
	}
	return result + text.slice(from);
}

function evaluateAt(text: string, start: number, end: number, lookup: Lookup): Value {
	try {
		return evaluate(text.slice(start + opening.length, end - 2), lookup);
	} catch (error) {
		if (!(error instanceof ExpressionError)) throw error;
		throw new TemplateError(error.message, text.slice(start, end));
	}
}

/** The offset behind the `}}` that closes the expression; one within quotes does not. */
function endOfExpression(text: string, start: number): number {
	const pattern = /'[^']*'|"[^"]*"|\}\}/g;
	pattern.lastIndex = start + opening.length;
	for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
		if (match[0] === '}}') return pattern.lastIndex;
	}
	const firstLine = text.slice(start).split('\n', 1)[0] ?? '';
	throw new TemplateError(`\`${opening}\` is not closed by \`}}\`; write \`$${opening}\` for a literal one`, firstLine);
}
