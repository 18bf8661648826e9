import {once} from 'node:events';
import {onTestFinished} from 'vitest';
import type {OpenScreen, ScreenOptions} from '../../source/app.tsx';
import {openScreen} from '../../source/app.tsx';
import {createClient} from '../../source/client/client.ts';
import {defaultLimits} from '../../source/model/limits.ts';
import type {Role} from '../../source/tui/ui.ts';
import type {Work} from '../helpers/fake-agent.ts';
import type {Orchestra, OrchestraOptions} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {FakeTerminal} from './fake-terminal.ts';

export type OpenOptions = {
	readonly columns?: number;
	readonly rows?: number;
	readonly role?: Role;
	readonly work?: Work;
	readonly readonly?: boolean;
	readonly environment?: ScreenOptions['environment'];
	readonly runProgram?: ScreenOptions['runProgram'];
	/** The agents of this world print in 1970. */
	readonly now?: () => number;
	/** Of the world that it shows. */
	readonly world?: Pick<OrchestraOptions, 'faults' | 'lastOutput'>;
	/** What it shows before the test begins. */
	readonly shows?: string;
};

export type Opened = {
	readonly tui: FakeTerminal;
	readonly screen: OpenScreen;
	readonly orchestra: Orchestra;
	readonly interrupts: () => number;
};

const flow = {
	name: 'flow',
	fail_fast: false,
	tasks: [
		{name: 'build', command: 'build', agent: 'builder'},
		{name: 'lint', command: 'fail', agent: 'builder'},
		{name: 'hang', command: 'hang', agent: 'builder'},
		{name: 'test', command: 'test', agent: 'builder', depends_on: ['hang']},
	].map(task => ({depends_on: [], ...task})),
};

const usual: Work = async ({task}, print, stop) => {
	await print(`output of ${task}\n`);
	if (task === 'lint') return {status: 'failed', exitCode: 3};
	if (task === 'hang') await once(stop, 'abort');
	return stop.aborted ? {status: 'cancelled'} : {status: 'succeeded', exitCode: 0};
};

/** A screen on a real server, whose agent prints what its tasks are called, fails `lint` and never ends `hang`. */
export async function open({
	columns = 80,
	rows = 24,
	role = 'owner',
	work = usual,
	shows = '✖ failed',
	now = Date.now,
	readonly: isReadonly = false,
	environment = {},
	runProgram,
	world = {},
}: OpenOptions = {}): Promise<Opened> {
	const tui = new FakeTerminal(columns, rows);
	const orchestra = openOrchestra({work, ...world});
	await orchestra.play('builder', 4);
	const client = createClient({url: 'http://localhost', fetch: orchestra.server.fetch});
	await orchestra.call('POST', '/v1/runs', {workflow: flow});
	let interrupts = 0;
	const screen = openScreen({
		client,
		role,
		look: {colour: true, unicode: true, theme: 'dark'},
		limits: defaultLimits,
		now,
		stdin: tui.stdin,
		stdout: tui.stdout,
		stderr: tui.stderr,
		process: tui.process,
		interrupt: () => interrupts++,
		environment,
		readonly: isReadonly,
		...(runProgram && {runProgram}),
	});
	onTestFinished(() => screen.release());
	await tui.shows(shows);
	return {tui, screen, orchestra, interrupts: () => interrupts};
}
