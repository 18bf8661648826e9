/**
 * The fixed workflow of every round: in a row, side by side, tried again, long output, slow output, an end by timeout, and
 * processes that ignore SIGTERM. Each attempt notes its start and its end in a file to which lines are only ever appended, so that
 * what really ran is known from the tasks themselves.
 */
export type ChaosTask = {
	readonly name: string;
	readonly needs: readonly string[];
	/** The shell text between the notes of start and end. */
	readonly script: string;
	/** What each attempt that gets through prints. */
	readonly output: string;
	/** How its last attempt has to end. */
	readonly ends: 'succeeded' | 'timed_out';
	/** Keys of the task beside these. */
	readonly keys?: Readonly<Record<string, unknown>>;
	/** The engine that keeps its output is killed in this round: what is printed while it is dead, nobody has. */
	readonly mayBeCut?: boolean;
	/** Attempts with a lower number fail. */
	readonly failsBelow?: number;
};

const lineLength = 800;
/** Numbers in long lines: much output that costs a terminal little, and in which every byte out of place is noticed. */
const counts = (from: string, to: string): string => `seq -s ' ' ${from} ${to} | fold -w ${lineLength}`;
function counted(from: number, to: number): string {
	const text = Array.from({length: to - from + 1}, (_, index) => from + index).join(' ');
	return `${text.match(new RegExp(`.{1,${lineLength}}`, 'g'))?.join('\n')}\n`;
}
const slowly = (lines: number, pause: string): string => `for i in $(seq 1 ${lines}); do echo "line $i"; sleep ${pause}; done`;
const slowOutput = (lines: number): string => Array.from({length: lines}, (_, index) => `line ${index + 1}\n`).join('');

/** Attempts that are lost with their agent are started again so often that no kill of ours fails the run. */
const retry = {limit: 0, lost: 1000};

function plain(name: string, needs: readonly string[], lines: number, pause: string, keys = {}): ChaosTask {
	return {name, needs, script: slowly(lines, pause), output: slowOutput(lines), ends: 'succeeded', keys};
}

export const chaosTasks: readonly ChaosTask[] = [
	plain('first', [], 2, '0.05'),
	plain('second', ['first'], 2, '0.05'),
	plain('third', ['second'], 1, '0.1'),
	plain('side-1', ['first'], 4, '0.05'),
	plain('side-2', ['first'], 3, '0.1'),
	plain('side-3', ['first'], 8, '0.04'),
	plain('at-home', ['first'], 6, '0.06', {agent: 'local-agent'}),
	{name: 'long', needs: ['first'], script: counts('1', '60000'), output: counted(1, 60_000), ends: 'succeeded'},
	{
		name: 'gushes',
		needs: [],
		script: `for i in 0 1 2 3 4; do ${counts('$((i * 9000 + 1))', '$((i * 9000 + 9000))')} >&2; sleep 0.1; done`,
		output: [0, 1, 2, 3, 4].map(i => counted(i * 9000 + 1, i * 9000 + 9000)).join(''),
		ends: 'succeeded',
	},
	{
		name: 'unsteady',
		needs: ['second'],
		script: 'echo tries; [ "$BYOAI_ATTEMPT" -ge 3 ] || exit 7',
		output: 'tries\n',
		ends: 'succeeded',
		keys: {retry: {...retry, limit: 4, delay: '100ms', backoff: 1}},
		failsBelow: 3,
	},
	{
		name: 'stubborn',
		needs: ['first'],
		script: "trap '' TERM; (while :; do sleep 0.2; done) & echo stays; while :; do sleep 0.2; done",
		output: 'stays\n',
		ends: 'timed_out',
		keys: {timeout: '600ms', continue_on_error: true},
	},
	{
		name: 'leaves-a-child',
		needs: ['third'],
		script: "(trap '' TERM; sleep 300) & echo left",
		output: 'left\n',
		ends: 'succeeded',
	},
	{name: 'last', needs: ['side-1', 'side-2', 'side-3', 'long', 'gushes'], script: 'echo over', output: 'over\n', ends: 'succeeded'},
];

/** A task in an instance of its own, without an agent in it: its output is kept by the engine until it is fetched. */
export function imageTask(keys: {readonly image: string; readonly [key: string]: unknown}, mayBeCut: boolean): ChaosTask {
	return {...plain('in-image', ['first'], 10, '0.2', keys), mayBeCut};
}

const note = (what: string): string => `echo "$BYOAI_RUN $BYOAI_TASK $BYOAI_ATTEMPT ${what}" >> "$LEDGER"`;

/** The workflow as JSON. `ledger`: the file of notes, as the own host's tasks and as agents see it. */
export function chaosFlow(
	all: readonly ChaosTask[],
	ledger: {readonly here: string; readonly inside: string},
	crew: Readonly<Record<string, unknown>>,
): string {
	const tasks = all.map(({name, needs, script, keys}) => ({
		name,
		depends_on: needs,
		command: `${note('start')}\n${script}\n${note('end')}`,
		env: {LEDGER: keys?.agent === 'local-agent' ? ledger.here : ledger.inside},
		retry,
		agent: 'crew',
		...keys,
	}));
	return JSON.stringify({name: 'chaos', fail_fast: false, agents: [{name: 'crew', ...crew}], tasks});
}

/** What is run after the run has ended, so that an orchestrator clears away what a killed one left. */
export const afterFlow = JSON.stringify({name: 'after', tasks: [{name: 'after', command: 'true'}]});
