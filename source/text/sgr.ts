/** Colours and emphasis that are on at some place of a text, each as the parameters that turn it on; empty: none. */
export type Sgr = {
	readonly foreground: string;
	readonly background: string;
	readonly emphasis: readonly string[];
	/** The sequence that turns all that on, starting from plain text; empty where there is nothing to turn on. */
	readonly text: string;
};

export const plainSgr: Sgr = {foreground: '', background: '', emphasis: [], text: ''};

export const sgrReset = '\u001b[0m';

/** What turns each emphasis off. Blinking and hidden text are not among them: they are for deceiving and annoying people. */
const emphasisOff: Readonly<Record<string, readonly string[]>> = {
	'22': ['1', '2'],
	'23': ['3'],
	'24': ['4', '21'],
	'27': ['7'],
	'29': ['9'],
};
const emphasisOn: ReadonlySet<string> = new Set(Object.values(emphasisOff).flat());

/** Output has few colours, again and again: what follows from a state and parameters is remembered. */
const remembered = 1000;
/** A colour and everything else that can be on takes less. */
const longestParameters = 100;
const known = new Map<string, Sgr>();

/** The state after the parameters of one sequence: `1;31` of `ESC [ 1 ; 31 m`. What is not a colour or an emphasis changes nothing. */
export function applySgr(state: Sgr, parameters: string): Sgr {
	if (parameters.length > longestParameters) return state;
	const key = `${state.text}|${parameters}`;
	let next = known.get(key);
	if (next === undefined) {
		next = withText(changed(state, parameters));
		if (known.size >= remembered) known.clear();
		known.set(key, next);
	}
	return next;
}

function changed(state: Sgr, parameters: string): Sgr {
	let next = state;
	const codes = parameters === '' ? ['0'] : parameters.split(';');
	for (let at = 0; at < codes.length; at++) {
		const code = withoutZeros(codes[at] ?? '');
		if (code === '38' || code === '48') {
			const taken = codes[at + 1] === '2' ? 5 : 3;
			const colour = [code, ...codes.slice(at + 1, at + taken)];
			at += taken - 1;
			if (isExtended(colour)) next = withColour(next, code, colour.join(';'));
		} else {
			next = applyCode(next, code);
		}
	}
	return next;
}

function withText(state: Sgr): Sgr {
	const codes = [...state.emphasis, state.foreground, state.background].filter(code => code !== '').join(';');
	return codes === '' ? plainSgr : {...state, text: `\u001b[${codes}m`};
}

/** The sequence that leads from one state to the other. */
export function turn(from: Sgr, to: Sgr): string {
	if (from.text === to.text) return '';
	if (to.text === '') return sgrReset;
	if (from.text === '') return to.text;
	const adds =
		from.emphasis.every(on => to.emphasis.includes(on)) && covers(from.foreground, to.foreground) && covers(from.background, to.background);
	return adds ? to.text : `${sgrReset}${to.text}`;
}

function covers(colour: string, by: string): boolean {
	return colour === '' || by !== '';
}

function applyCode(state: Sgr, written: string): Sgr {
	// Colours also come with colons, as one parameter: `38:2::255:0:0`.
	if (/^[34]8:[\d:]{1,24}$/.test(written)) return withColour(state, written.slice(0, 2), written);
	const code = withoutZeros(written);
	if (code === '0' || code === '') return plainSgr;
	if (/^(3[0-7]|9[0-7])$/.test(code)) return {...state, foreground: code};
	if (/^(4[0-7]|10[0-7])$/.test(code)) return {...state, background: code};
	if (code === '39') return {...state, foreground: ''};
	if (code === '49') return {...state, background: ''};
	if (emphasisOn.has(code)) return state.emphasis.includes(code) ? state : {...state, emphasis: [...state.emphasis, code]};
	const off = emphasisOff[code];
	return off === undefined ? state : {...state, emphasis: state.emphasis.filter(on => !off.includes(on))};
}

/** As terminals read a number: `038` is 38. */
function withoutZeros(code: string): string {
	return code.replace(/^0+(?=\d)/, '');
}

function withColour(state: Sgr, layer: string, colour: string): Sgr {
	return layer === '38' ? {...state, foreground: colour} : {...state, background: colour};
}

/** `38;5;n` or `38;2;r;g;b`, with numbers up to 255. */
function isExtended([, kind, ...values]: readonly string[]): boolean {
	const count = kind === '5' ? 1 : 3;
	if (kind !== '5' && kind !== '2') return false;
	return values.length === count && values.every(value => /^\d{1,3}$/.test(value) && Number(value) <= 255);
}
