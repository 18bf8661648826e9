import pc from 'picocolors';
import type {AgentStatus} from '../../model/agent.ts';
import type {RunStatus, TaskStatus} from '../../model/run.ts';

export type Paint = (text: string) => string;

/** What a palette is made for. Colours are the terminal's own sixteen, so that they fit its background. */
export type Look = {
	readonly colour: boolean;
	readonly unicode: boolean;
	readonly theme: Theme;
	/** What the terminal says of itself, for the theme `auto`; absent: nothing, which is taken for dark. */
	readonly background?: 'dark' | 'light';
};

/** `auto`: as the terminal's background is. `mono`: no colours, but bold, dim and reversed. */
export const themes = ['auto', 'dark', 'light', 'mono'] as const;
export type Theme = (typeof themes)[number];

/** A status as it is shown: a glyph of one column, its word, and a colour that says the same once more. */
export type Badge = {readonly glyph: string; readonly word: string; readonly paint: Paint};

export type Palette = {
	readonly colour: boolean;
	readonly dim: Paint;
	readonly bold: Paint;
	/** What is chosen: reversed, so that it shows without colours too. */
	readonly chosen: Paint;
	readonly accent: Paint;
	readonly good: Paint;
	readonly bad: Paint;
	readonly caution: Paint;
	readonly task: (index: number) => Paint;
	readonly badge: (status: RunStatus | TaskStatus | AgentStatus) => Badge;
	readonly glyphs: Glyphs;
};

export type Glyphs = {
	readonly ellipsis: string;
	readonly rule: string;
	readonly strongRule: string;
	readonly full: string;
	/** Of a bar: what is on its way. */
	readonly going: string;
	readonly empty: string;
	readonly mark: string;
	readonly dot: string;
	readonly live: string;
	readonly broken: string;
};

type Status = RunStatus | TaskStatus | AgentStatus;
type Tone = 'dim' | 'accent' | 'good' | 'bad' | 'caution';

const unicodeGlyphs: Glyphs = {
	ellipsis: '…',
	rule: '─',
	strongRule: '━',
	full: '━',
	going: '╍',
	empty: '─',
	mark: '›',
	dot: '·',
	live: '●',
	broken: '○',
};
const asciiGlyphs: Glyphs = {
	ellipsis: '~',
	rule: '-',
	strongRule: '=',
	full: '#',
	going: '~',
	empty: '-',
	mark: '>',
	dot: '-',
	live: '*',
	broken: 'o',
};

const badges: Readonly<Record<Status, readonly [unicode: string, ascii: string, tone: Tone]>> = {
	pending: ['·', '.', 'dim'],
	blocked: ['·', '.', 'dim'],
	waiting: ['↻', '~', 'caution'],
	ready: ['…', ':', 'caution'],
	running: ['▶', '>', 'accent'],
	cancelling: ['⊘', '-', 'caution'],
	succeeded: ['✔', '+', 'good'],
	failed: ['✖', 'x', 'bad'],
	cancelled: ['⊘', '-', 'caution'],
	skipped: ['⤼', '-', 'dim'],
	starting: ['…', ':', 'caution'],
	online: ['●', '*', 'good'],
	draining: ['↓', 'v', 'caution'],
	lost: ['✖', 'x', 'bad'],
	left: ['○', 'o', 'dim'],
};

/** Everything that decides how rows look, made once. */
export function createPalette({colour, unicode, theme, background = 'dark'}: Look): Palette {
	const paint = pc.createColors(colour);
	// Reversing is no colour: it is what shows a choice where there are none.
	const {inverse} = pc.createColors(true);
	const isMono = theme === 'mono';
	const isDark = theme === 'dark' || (theme === 'auto' && background === 'dark');
	const tones: Readonly<Record<Tone, Paint>> = isMono
		? {dim: paint.dim, accent: paint.bold, good: same, bad: paint.bold, caution: same}
		: {
				dim: paint.dim,
				accent: isDark ? paint.cyan : paint.blue,
				good: paint.green,
				bad: paint.red,
				caution: isDark ? paint.yellow : paint.magenta,
			};
	const coloured = isDark
		? [paint.cyan, paint.magenta, paint.blue, paint.yellow, paint.green, paint.cyanBright, paint.magentaBright, paint.blueBright]
		: [paint.blue, paint.magenta, paint.cyan, paint.green, paint.red];
	const tasks = isMono ? [same] : coloured;
	return {
		...tones,
		colour,
		bold: paint.bold,
		chosen: inverse,
		task: index => tasks[index % tasks.length] ?? same,
		badge: status => {
			const [glyph, ascii, tone] = badges[status];
			return {glyph: unicode ? glyph : ascii, word: status, paint: tones[tone]};
		},
		glyphs: unicode ? unicodeGlyphs : asciiGlyphs,
	};
}

/** What `COLORFGBG` says of a terminal's background: its last number is a colour, of which 7 and 9 to 15 are bright. */
export function backgroundOf(colorfgbg: string | undefined): Pick<Look, 'background'> {
	const last = /;(\d+)$/.exec(colorfgbg ?? '')?.[1];
	if (last === undefined) return {};
	return {background: Number(last) === 7 || Number(last) > 8 ? 'light' : 'dark'};
}

function same(text: string): string {
	return text;
}
