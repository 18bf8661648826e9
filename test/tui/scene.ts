import type {LogLine} from '../../source/protocol/views.ts';
import {ListCache} from '../../source/tui/data/lists.ts';
import type {Snapshot} from '../../source/tui/data/snapshot.ts';
import {Drawings} from '../../source/tui/drawings/drawings.ts';
import type {Binding} from '../../source/tui/keys/keymap.ts';
import {bindings} from '../../source/tui/keys/keymap.ts';
import {LogIntake} from '../../source/tui/logs/intake.ts';
import {createLogPaint} from '../../source/tui/logs/paint.ts';
import type {ShownLogs} from '../../source/tui/logs/pane.ts';
import {LogRing} from '../../source/tui/logs/ring.ts';
import {LogView} from '../../source/tui/logs/view.ts';
import type {Size} from '../../source/tui/picture/layout.ts';
import {createPalette} from '../../source/tui/picture/palette.ts';
import {drawScreen} from '../../source/tui/screen.ts';
import type {Ui} from '../../source/tui/ui.ts';
import {initialUi} from '../../source/tui/ui.ts';
import {agentRow, logLine, runDetail, runId, runRow, taskDetail, taskRow} from '../helpers/rows.ts';

/** A run in the middle of its life, with something of everything. */
export const snapshot: Snapshot = {
	now: 100_000,
	connection: {url: 'http://127.0.0.1:5001', isReadonly: false, state: 'live'},
	run: runRow({
		workflow: 'release',
		counts: {blocked: 1, waiting: 1, ready: 1, running: 1, succeeded: 2, failed: 1, cancelled: 0, skipped: 1},
	}),
	runs: [
		runRow({
			workflow: 'release',
			counts: {blocked: 1, waiting: 1, ready: 1, running: 1, succeeded: 2, failed: 1, cancelled: 0, skipped: 1},
		}),
		runRow({id: 'r00000000000', workflow: 'nightly', status: 'failed', createdAt: 1000, endedAt: 61_000}),
	],
	agents: [
		agentRow({
			id: 'builder',
			slots: 4,
			used: 2,
			labels: {disk: 'fast'},
			usage: {cpu: 1.5, memoryBytes: 980_000_000, memoryLimitBytes: 1_000_000_000},
		}),
		agentRow({id: 'gpu-1', type: 'docker', status: 'starting', instance: 'pulling', starting: 'pulling 43 % (3 of 7 layers)'}),
	],
	tasks: [
		taskRow({
			task: 0,
			name: 'prepare',
			status: 'succeeded',
			attempt: 1,
			agent: 'builder',
			outcome: {status: 'succeeded', durationMs: 2400},
		}),
		taskRow({task: 1, name: '日本語テスト', status: 'running', attempt: 1, agent: 'builder', assignedAt: 58_000}),
		taskRow({
			task: 2,
			name: 'lint',
			status: 'failed',
			attempt: 3,
			agent: 'builder',
			outcome: {status: 'failed', exitCode: 3, durationMs: 12},
		}),
		taskRow({task: 3, name: 'test', status: 'waiting', attempt: 1, retryAt: 112_000, outcome: {status: 'failed', exitCode: 1}}),
		taskRow({task: 4, name: 'a-task-with-a-name-that-is-longer-than-any-column-should-ever-be', status: 'blocked'}),
		taskRow({task: 5, name: 'train', status: 'ready'}),
		taskRow({task: 6, name: 'docs', status: 'skipped', reason: 'lint failed'}),
	],
	diagnostics: [],
	detail: {
		of: {kind: 'task', run: runId, task: 1, name: 'train'},
		task: {
			...taskDetail({
				task: 1,
				name: 'train',
				status: 'waiting',
				attempt: 2,
				retryAt: 112_000,
				waiting: 'tries again in 12 s, after 2 failures',
				dependsOn: ['prepare'],
				attempts: [
					{
						number: 1,
						agent: 'builder',
						status: 'failed',
						assignedAt: 10_000,
						endedAt: 20_000,
						outcome: {status: 'failed', exitCode: 3, durationMs: 9000},
						logBytes: 12_345,
					},
					{
						number: 2,
						agent: 'gpu-1',
						status: 'lost',
						assignedAt: 30_000,
						endedAt: 60_000,
						outcome: {status: 'lost', reason: 'silent for 60 s'},
					},
				],
			}),
			run: runId,
			spec: {
				command: `train --rate 0.1\n\techo ${'very '.repeat(60)}${'long'.repeat(60)}\n`,
				agent: {labels: {gpu: 'h100', disk: 'fast'}},
				image: 'ghcr.io/somebody/something:latest',
				dependsOn: [
					{name: 'prepare', condition: 'succeeded', optional: false},
					{name: 'lint', condition: 'failed', optional: true},
				],
				env: ['API_KEY', 'HOME'],
				timeoutMs: 300_000,
				retry: {limit: 2, delayMs: 1000, backoff: 2, maxDelayMs: 60_000, lost: 2, exitCodes: [1, 2]},
				continueOnError: true,
				volumes: ['./data:/data'],
				resources: {limits: {memory: '1Gi'}},
				labels: {team: 'a'},
			},
		},
	},
};

/** Output as it comes from tasks, with all that they may do to a terminal. */
export const output: readonly LogLine[] = [
	logLine({at: 0, name: 'prepare', text: 'ready'}),
	logLine({at: 0, task: 1, name: '日本語テスト', text: `こんにちは ${'長い'.repeat(200)}`}),
	logLine({at: 0, task: 2, name: 'lint', text: '\u001b]0;title\u0007bad \u001b[31mred\u001b[0m\u001b[2J', stream: 'stderr'}),
];

/** The run with what each task depends on: a chain. */
const detail = runDetail({
	workflow: 'release',
	tasks: snapshot.tasks.map(({task, name, status, attempt}, at) => ({
		...{task, name, status, attempt},
		dependsOn: at === 0 ? [] : [snapshot.tasks[at - 1]?.name ?? ''],
		attempts: attempt === 0 ? [] : [{number: attempt, agent: 'builder', status: 'succeeded', assignedAt: at * 1000, endedAt: at * 2000}],
	})),
});

/** The log pane with these lines at hand. */
function logsOf(lines: readonly LogLine[], look: {readonly colour: boolean; readonly unicode: boolean}): ShownLogs {
	const view = new LogView({ring: new LogRing({limit: 1000}), paint: createLogPaint(look), now: () => 0});
	const intake = new LogIntake({ring: view.ring, frameLines: 1000, sanitise: {colour: look.colour, lineCharacters: 4096}});
	for (const line of lines)
		intake.addLine(line, {label: line.name, colour: line.task, run: line.run, task: line.task, attempt: 1, agent: ''});
	intake.flush();
	view.look.setLabels(lines.map(({name}) => name));
	return {rows: (width, height) => view.rows(width, height), about: ['following'], isNarrowed: false};
}

export type Shown = {
	readonly colour?: boolean;
	readonly unicode?: boolean;
	readonly of?: Partial<Snapshot>;
	readonly lines?: readonly LogLine[];
	readonly keymap?: readonly Binding[];
};

/** The rows of a whole screen. */
export function rowsOf(
	size: Size,
	ui: Partial<Ui> = {},
	{colour = false, unicode = true, of = {}, lines = output, keymap = bindings}: Shown = {},
): string[] {
	const scene = {...snapshot, ...of};
	const whole = {...initialUi(runId), ...ui};
	const palette = createPalette({colour, unicode, theme: 'dark'});
	const tasks = detail.tasks.filter(({task}) => scene.tasks.some(row => row.task === task)).map((task, at) => ({...task, task: at}));
	const drawings = new Drawings({of: () => ({...detail, tasks})});
	const logs = logsOf(lines, {colour, unicode});
	const bands = drawScreen({
		snapshot: scene,
		ui: whole,
		lists: new ListCache().of(scene, whole),
		logs,
		drawings,
		palette,
		unicode,
		keymap,
		size,
	});
	return bands.flatMap(band => {
		const [first] = band;
		return (first?.rows ?? []).map((_, index) => band.map(({rows}) => rows[index] ?? '').join(''));
	});
}
