/** What an expression can be. */
export type Value = string | number | boolean | null | readonly Value[];

/** Looks up a path, for instance `params`, `version`. Throws an `ExpressionError` for one that is not there. */
export type Lookup = (path: readonly string[]) => Value;

/** Why an expression cannot be evaluated, in words. */
export class ExpressionError extends Error {}

const tokenPattern =
	/\s*(?:(==|!=|&&|\|\||[!()])|'([^']*)'|"([^"]*)"|(-?\d+(?:\.\d+)?)(?![\w.])|([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)|(\S))/gy;
const maxParentheses = 50;

type Token = {readonly kind: 'operator' | 'string' | 'number' | 'path'; readonly text: string};

/**
 * Evaluates paths, literals, `!`, `== !=`, `&&`, `||` and parentheses, which bind in this order. `&&` and `||` give one of their
 * operands. Both sides are always evaluated, so that an unknown path is found on either.
 */
export function evaluate(source: string, lookup: Lookup): Value {
	const tokens = tokenise(source);
	let position = 0;
	let depth = 0;

	function take(...operators: string[]): string | undefined {
		const token = tokens[position];
		if (token?.kind !== 'operator' || !operators.includes(token.text)) return undefined;
		position++;
		return token.text;
	}

	function or(): Value {
		let value = and();
		while (take('||')) {
			const right = and();
			if (!isTrue(value)) value = right;
		}
		return value;
	}

	function and(): Value {
		let value = comparison();
		while (take('&&')) {
			const right = comparison();
			if (isTrue(value)) value = right;
		}
		return value;
	}

	function comparison(): Value {
		let value = unary();
		for (let operator = take('==', '!='); operator !== undefined; operator = take('==', '!=')) {
			value = equal(value, unary()) === (operator === '==');
		}
		return value;
	}

	function unary(): Value {
		let negations = 0;
		while (take('!')) negations++;
		const value = primary();
		if (negations === 0) return value;
		return isTrue(value) === (negations % 2 === 0);
	}

	function primary(): Value {
		if (take('(')) {
			if (++depth > maxParentheses) throw new ExpressionError(`more than ${maxParentheses} parentheses within each other`);
			const value = or();
			if (!take(')')) throw new ExpressionError('a `)` is missing');
			depth--;
			return value;
		}
		const token = tokens[position++];
		if (token === undefined) throw new ExpressionError(source.trim() === '' ? 'the expression is empty' : 'the expression ends too early');
		if (token.kind === 'string') return token.text;
		if (token.kind === 'number') return Number(token.text);
		if (token.kind === 'operator') throw unexpected(token.text);
		const next = tokens[position];
		if (next?.kind === 'operator' && next.text === '(') throw new ExpressionError(`there are no functions, such as \`${token.text}\``);
		const constant = constants.get(token.text);
		return constant === undefined ? lookup(token.text.split('.')) : constant;
	}

	const value = or();
	const rest = tokens[position];
	if (rest !== undefined) throw unexpected(rest.text);
	return value;
}

const constants: ReadonlyMap<string, Value> = new Map<string, Value>([
	['true', true],
	['false', false],
	['null', null],
]);

function tokenise(source: string): Token[] {
	const tokens: Token[] = [];
	for (const [, operator, single, double, number, path, other] of source.matchAll(tokenPattern)) {
		if (operator !== undefined) tokens.push({kind: 'operator', text: operator});
		else if (number !== undefined) tokens.push({kind: 'number', text: number});
		else if (path !== undefined) tokens.push({kind: 'path', text: path});
		else if (other !== undefined) throw unexpected(other);
		else tokens.push({kind: 'string', text: single ?? double ?? ''});
	}
	return tokens;
}

/** What stands where it cannot; of what looks like calculating, what there is instead. */
function unexpected(text: string): ExpressionError {
	if (text === '"' || text === "'") return new ExpressionError(`a text in quotes is not closed, or has the same quotes inside`);
	const hint = /^[-+*/%<>=?:|&[]/.test(text) ? '; there are ==, !=, &&, ||, ! and ( ), and no calculations' : '';
	return new ExpressionError(`\`${text}\` is not expected here${hint}`);
}

function isTrue(value: Value): boolean {
	return value !== null && value !== false && value !== 0 && value !== '';
}

/** Values of one type are compared as such, of different types as text; null equals only null. */
function equal(a: Value, b: Value): boolean {
	if (a === null || b === null) return a === b;
	return textOf(a) === textOf(b);
}

/** A value within a text: null is nothing, a list its items with blanks between. */
export function textOf(value: Value): string {
	if (value === null) return '';
	return typeof value === 'object' ? value.map(textOf).join(' ') : String(value);
}
