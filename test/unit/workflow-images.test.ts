import {describe, expect, test} from 'vitest';
import {withMould} from '../../source/workflow/mould.ts';
import {formatPlan, plan} from '../../source/workflow/plan.ts';
import {load, loadValid, problemsOf} from '../helpers/load-workflow.ts';
import {agentSpec, task} from '../helpers/scheduling.ts';

/** The one task of a workflow. */
function taskOf(text: string) {
	const [found] = loadValid(text).tasks;
	if (found === undefined) throw new Error('no task');
	return found;
}

describe('what a task with an image is made after', () => {
	test('no agent in particular: Docker, with every default', () => {
		const found = taskOf('tasks: [{image: alpine, command: x}]');
		expect(found.agent).toEqual({name: 'docker~images'});
		expect(found.mould).toEqual(
			agentSpec('local-agent', {type: 'docker', image: 'alpine', lifetime: 'task', pullPolicy: 'missing', startTimeoutMs: 60_000}),
		);
		expect(taskOf('tasks: [{image: alpine, agent: local-agent, command: x}]')).toEqual(found);
		expect(taskOf('defaults: {image: alpine}\ntasks: [{command: x}]')).toEqual(found);
	});

	test('an agent of the file: all of it but what is there to reach an agent at', () => {
		const {agent, mould} = taskOf(`
agents:
  - {name: big, type: kubernetes, image: other, env: {A: 1}, network: net, user: "1:2", pull_policy: always, replicas: 3, slots: 4, lifetime: persistent,
     labels: {l: 1}, ports: [80], readiness_probe: {httpGet: {path: /, port: 80}}, resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 500m}},
     volumes: ["./a:/a", "./b:/b:ro"], driver_options: {kubernetes: {x: 1}}}
tasks: [{image: alpine, agent: big, command: x, volumes: ["./c:/b", "./d:/d:ro"], resources: {limits: {memory: 2Gi, pids: 5}}}]
`);
		expect(agent).toEqual({name: 'kubernetes~images'});
		expect(mould).toEqual({
			...agentSpec('big'),
			type: 'kubernetes',
			image: 'alpine',
			env: {A: '1'},
			network: 'net',
			user: '1:2',
			pullPolicy: 'always',
			labels: {l: '1'},
			lifetime: 'task',
			resources: {limits: {cpu: '1', memory: '2Gi', pids: '5'}, requests: {cpu: '500m'}},
			volumes: ['./a:/a', './c:/b', './d:/d:ro'],
			driverOptions: {kubernetes: {x: 1}},
		});
	});

	test.each([
		[['./a:/x'], ['b:/x'], ['b:/x']],
		[['./a:/x:ro'], ['b:/x'], ['b:/x']],
		[['./a:/x'], ['b:/x:ro'], ['b:/x:ro']],
		[['./a:/x', './a:/y'], ['b:/z'], ['./a:/x', './a:/y', 'b:/z']],
		[['./a:/x', './a:/y'], [], ['./a:/x', './a:/y']],
		[[], ['b:/x'], ['b:/x']],
		[['./a:/x/'], ['b:/x'], ['b:/x']],
	])('volumes %j and the task’s %j', (outer, own, both) => {
		const made = withMould(task('a', {image: 'i', volumes: own}), agentSpec('b', {volumes: outer}));
		expect(made.mould?.volumes).toEqual(both);
		expect(made.volumes).toEqual(own);
	});

	test('a task without an image has none, nor has one whose agent is not known yet', () => {
		expect(taskOf('agents: [{name: box, type: docker}]\ntasks: [{agent: box, command: x}]').mould).toBeUndefined();
		const elsewhere = taskOf('tasks: [{image: alpine, agent: elsewhere, command: x}]');
		expect(elsewhere).toMatchObject({agent: {name: 'elsewhere'}, image: 'alpine'});
		expect(elsewhere.mould).toBeUndefined();
		const plain = task('a');
		expect(withMould(plain, agentSpec('b'))).toBe(plain);
	});
});

describe('a task with an image on what has no containers', () => {
	const local = (name: string) =>
		`with an \`image\`, \`agent\` names one of type docker or kubernetes; \`${name}\` is of type local, which starts no containers`;
	const labels = 'with an `image`, `agent` names one agent, after which the container is made; labels choose among several';

	test.each([
		['an agent of type local', 'agents: [{name: a, type: local}]\ntasks: [{image: i, agent: a, command: x}]', [`2:27 ${local('a')}`]],
		['an agent that is local by default', 'agents: [{name: a}]\ntasks: [{image: i, agent: a, command: x}]', [`2:27 ${local('a')}`]],
		['labels', 'tasks: [{image: i, agent: {labels: {a: 1}}, command: x}]', [`1:27 ${labels}`]],
		['the agent of the defaults', 'agents: [{name: a}]\ndefaults: {agent: a}\ntasks: [{image: i, command: x}]', [`2:19 ${local('a')}`]],
		['labels of the defaults', 'defaults: {agent: {labels: {a: 1}}}\ntasks: [{image: i, command: x}]', [`1:19 ${labels}`]],
		['the image of the defaults', 'agents: [{name: a}]\ndefaults: {image: i}\ntasks: [{agent: a, command: x}]', [`3:17 ${local('a')}`]],
	])('%s is told where it stands', (_, text, problems) => {
		expect(problemsOf(text)).toEqual(problems);
	});

	test('the same of the defaults is told once, however many tasks it concerns', () => {
		expect(problemsOf('agents: [{name: a}]\ndefaults: {agent: a, image: i}\ntasks: [{command: x}, {command: y}]')).toHaveLength(1);
	});

	test('it is fine on an agent with containers, on none, and without an image', () => {
		const text = `agents: [{name: d, type: docker}, {name: i, image: j}, {name: l}]
tasks: [{image: i, agent: d, command: x}, {image: i, agent: i, command: x}, {image: i, agent: local-agent, command: x}, {image: i, command: x},
  {agent: l, command: x}, {agent: {labels: {a: 1}}, command: x}]`;
		expect(problemsOf(text)).toEqual([]);
	});
});

test('an agent that is not of this file must have been deployed, which is noticed once', () => {
	const {notices} = load(`agents: [{name: builder, type: docker}]
tasks: [{image: i, agent: bulider, command: x}, {image: i, agent: bulider, command: x}, {image: i, agent: builder, command: x}, {image: i, command: x}]`);
	expect(notices.map(({line, message}) => `${line} ${message}`)).toEqual([
		'2 agent `bulider` is not declared here: it must be deployed before the run; did you mean `builder`?',
	]);
});

test('a plan tells what each container is of and made after', () => {
	const text = `name: p
agents: [{name: box, type: docker}, {name: pod, type: kubernetes}]
tasks: [{name: a, image: i, command: x}, {name: b, image: i, agent: box, command: x}, {name: c, image: i, agent: pod, command: x},
  {name: d, image: i, agent: far, command: x}]
max_parallel: 2`;
	expect(formatPlan(plan(loadValid(text)))).toMatchInlineSnapshot(`
		"p: 4 tasks in 4 waves
		  1  a  a container of i (docker)
		  2  b  a container of i (docker, as agent box)
		  3  c  a pod of i (kubernetes, as agent pod)
		  4  d  a container of i, made after agent far, which must be deployed
		"
	`);
	expect(plan(loadValid(text)).waves.flat()[1]).toMatchObject({task: 'b', image: 'i', agent: {name: 'docker~images'}});
});
