import {spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {FakeKubernetes} from '../test/helpers/fake-kubernetes/server.ts';

/**
 * Many tasks with an `image`, each in a pod of its own, on an API server in this process, whose pods are processes of this machine. What counts
 * is what a cluster would bear: requests a task, watches, and the orchestrator's memory and CPU time.
 *
 *     node benchmark/kubernetes.ts [tasks] [pods at once]
 */
const [tasks = 1000, pods = 100] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), 'byoai-kubernetes-'));
const cli = join(import.meta.dirname, '..', 'dist', 'cli.js');
const server = new FakeKubernetes();
await server.start();

const lines = Array.from(
	{length: tasks},
	(_, index) => `  - {name: t${index}, agent: pods, image: any, depends_on: [], command: 'echo $BYOAI_TASK'}\n`,
);
writeFileSync(join(directory, 'flow.yml'), `agents: [{name: pods, type: kubernetes}]\ntasks:\n${lines.join('')}`);
writeFileSync(join(directory, 'config'), server.kubeconfig('byoai'));
mkdirSync(join(directory, 'byoai'));
writeFileSync(join(directory, 'byoai/config.yml'), `limits: {task_pods: ${pods}}\n`);

let mostPods = 0;
const counting = setInterval(() => {
	mostPods = Math.max(mostPods, server.pods().length);
}, 100);
let usage = {peakMiB: 0, cpuSeconds: 0};
try {
	const began = performance.now();
	const child = spawn(process.execPath, [cli, '-f', join(directory, 'flow.yml'), '--no-tui'], {
		stdio: 'ignore',
		env: {
			PATH: process.env.PATH,
			KUBECONFIG: join(directory, 'config'),
			BYOAI_STATE_DIR: join(directory, 'state'),
			XDG_CONFIG_HOME: directory,
		},
	});
	const looking = setInterval(() => look(child.pid ?? 0), 250);
	const code = await new Promise<number | null>(resolve => child.on('exit', resolve));
	clearInterval(looking);
	if (code !== 0) throw new Error(`byoai ended with ${code}`);
	report((performance.now() - began) / 1000);
} finally {
	clearInterval(counting);
	await server.close();
	rmSync(directory, {recursive: true, force: true});
}

/** Peak memory and CPU time of a process; Linux only. */
function look(pid: number): void {
	try {
		const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
		const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
		usage = {peakMiB: Math.max(usage.peakMiB, Math.round(peak / 1024)), cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100};
	} catch {
		// It ended while it was being looked at.
	}
}

function report(seconds: number): void {
	const kinds = new Map<string, number>();
	for (const {verb, resource, subresource, status} of server.calls) {
		const kind = `${verb} ${subresource === '' ? resource : `${resource}/${subresource}`} ${status}`;
		kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
	}
	console.log(`${tasks} tasks with an image, ${pods} pods at once (${mostPods} were seen):`);
	console.log(`  ${seconds.toFixed(1)} s, ${(tasks / seconds).toFixed(0)} tasks/s, with the processes that stand for pods`);
	console.log(
		`  orchestrator: ${usage.peakMiB} MiB at most, ${usage.cpuSeconds.toFixed(1)} s of CPU, ${((usage.cpuSeconds / tasks) * 1000).toFixed(1)} ms a task`,
	);
	console.log(`  requests: ${server.calls.length}, ${(server.calls.length / tasks).toFixed(2)} a task`);
	for (const [kind, count] of [...kinds].sort(([, a], [, b]) => b - a))
		console.log(`    ${kind.padEnd(24)} ${String(count).padStart(6)}  ${(count / tasks).toFixed(3)}`);
	console.log(`  pods left: ${server.pods().length}`);
}
