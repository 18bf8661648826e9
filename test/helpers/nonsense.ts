import type {Route} from '../../source/server/route.ts';

/** A request that nobody should send. */
export type Nonsense = {
	/** What is wrong with it. */
	readonly what: string;
	readonly method: string;
	readonly path: string;
	readonly body?: string;
	readonly headers: Readonly<Record<string, string>>;
	/** Statuses that are an answer to it. */
	readonly answers: readonly number[];
};

/** What somebody may put where a name belongs; encoded already. */
const strangeNames: Readonly<Record<string, string>> = {
	'an unknown name': 'nobody-knows-this',
	'a way up, encoded': '..%2f..%2f..%2fetc%2fpasswd',
	'a way up, encoded twice': '%252e%252e%252fetc%252fpasswd',
	'an absolute path': '%2fetc%2fpasswd',
	'a NUL': 'a%00.yml',
	'what every object has': '__proto__',
	'no UTF-8': '%ff%fe',
	'a name without end': 'x'.repeat(5000),
};

/** Values that are no body of any route. */
const strangeBodies: Readonly<Record<string, string>> = {
	'no JSON': '{"a":',
	nothing: '',
	null: 'null',
	'a number': '17',
	'a list': '[[]]',
	'a string': '"x"',
	'keys that no one knows': '{"__proto__": {}, "constructor": 1, "nonsense": []}',
	'wrong types': '{"name": 7, "type": [], "workflow": 1, "session": {}, "reason": 5, "text": 1, "slots": "x"}',
};

/** All that is tried on a route. `good` headers let it pass the door. */
export function nonsenseFor(route: Route, good: Readonly<Record<string, string>>): Nonsense[] {
	const path = pathOf(route, {});
	const {method} = route;
	const valid = route.body?.content.find(({types}) => types[0] === 'application/json');
	const body = valid === undefined ? {} : {body: JSON.stringify(valid.example)};
	const json = {...good, 'content-type': 'application/json'};
	const base = {method, path, ...body, headers: json};
	return [
		{...base, what: 'a parameter that no one knows', path: `${path}?nonsense=1`, answers: [400]},
		{...base, what: 'a parameter of an object', path: `${path}?__proto__=1`, answers: [400]},
		{...base, what: 'a method that no one knows', method: 'BREW', answers: [405]},
		...namesIn(route, base),
		...bodiesOf(route, base),
	];
}

/** What must not get in. `tokenless`: the orchestrator asks for no token, so that only web pages are kept out. */
export function intrusionsInto(route: Route, tokenless: boolean): Nonsense[] {
	if (route.access === 'anyone' || (route.access === 'public' && !tokenless)) return [];
	const valid = route.body?.content.find(({types}) => types[0] === 'application/json');
	const base = {
		method: route.method,
		path: pathOf(route, {}),
		...(valid !== undefined && {body: JSON.stringify(valid.example)}),
	};
	const json = {'content-type': 'application/json'};
	const tried: ReadonlyArray<readonly [string, Readonly<Record<string, string>>]> = tokenless
		? [
				['a foreign Origin', {origin: 'http://evil.example'}],
				['an Origin of null', {origin: 'null'}],
				['a Host that was rebound', {host: 'evil.example:5001'}],
			]
		: [
				['no token', {}],
				['a wrong token', {authorization: 'Bearer sesam'}],
				["another agent's token", {authorization: 'Bearer token-of-somebody-else'}],
				['the token in another scheme', {authorization: 'Basic sesame'}],
			];
	return tried.map(([what, headers]) => ({...base, what, headers: {...json, ...headers}, answers: [tokenless ? 403 : 401]}));
}

function namesIn(route: Route, base: Omit<Nonsense, 'what' | 'answers'>): Nonsense[] {
	return Object.keys(route.params).flatMap(param =>
		Object.entries(strangeNames).map(([what, name]) => ({
			...base,
			what: `${what} as ${param}`,
			path: pathOf(route, {[param]: name}),
			answers: [400, 403, 404, 422],
		})),
	);
}

function bodiesOf({body}: Route, base: Omit<Nonsense, 'what' | 'answers'>): Nonsense[] {
	if (body === undefined) return [];
	const isOptional = body.optional === true;
	const bodies = Object.entries(strangeBodies).filter(([what]) => !(isOptional && what === 'nothing'));
	return [
		...bodies.map(([what, text]) => ({...base, what: `a body that is ${what}`, body: text, answers: [400, 404, 422]})),
		{...base, what: 'a body of the wrong type', headers: {...base.headers, 'content-type': 'text/plain'}, answers: [415]},
		{...base, what: 'a body that says it is huge', headers: {...base.headers, 'content-length': '99999999999'}, answers: [413]},
		{...base, what: 'a body that is huge', body: `"${'x'.repeat(4000)}"`, answers: [413]},
	];
}

/** The path with examples for its parameters, but for those that are given. */
function pathOf({path, params}: Route, given: Readonly<Record<string, string>>): string {
	return path.replace(/(?:\*\*)?:(\w+)/g, (_, name: string) => given[name] ?? encodeURIComponent(params[name]?.example ?? ''));
}
