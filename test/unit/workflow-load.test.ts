import {describe, expect, test} from 'vitest';
import {load, loadValid, problemsOf} from '../helpers/load-workflow.ts';

describe('the original files', () => {
	test('stay valid, and get every default', () => {
		const workflow = loadValid(`tasks:
  - name: "task1"
    command: "echo 'Executing task 1'"
    agent: "docker-agent"
agents:
  - name: "docker-agent"
    type: "docker"
    volume: "./data:/app/data"
`);
		expect(workflow).toEqual({
			name: 'wf',
			file: 'wf.yml',
			directory: '/work',
			labels: {},
			env: {},
			failFast: true,
			tasks: [
				{
					name: 'task1',
					command: "echo 'Executing task 1'",
					agent: {name: 'docker-agent'},
					dependsOn: [],
					env: {},
					retry: {limit: 0, delayMs: 1000, backoff: 2, maxDelayMs: 300_000, lost: 2},
					continueOnError: false,
					volumes: [],
					labels: {},
				},
			],
			agents: [
				{
					name: 'docker-agent',
					type: 'docker',
					volumes: ['./data:/app/data'],
					env: {},
					replicas: 1,
					slots: 1,
					labels: {},
					ports: [],
					pullPolicy: 'missing',
					startTimeoutMs: 60_000,
					lifetime: 'run',
				},
			],
		});
		expect(JSON.parse(JSON.stringify(workflow))).toEqual(workflow);
		expect(Object.keys(workflow)).not.toContain('timeoutMs');
	});

	test('`volume` needs no notice', () => {
		expect(load('tasks: [{command: x}]\nagents: [{name: a, type: docker, volume: "./a:/b:ro"}]').notices).toEqual([]);
	});
});

test('a negative zero is a zero, as it is once it was written down', () => {
	const workflow = loadValid(`agents: [{name: a, driver_options: {docker: {x: [-0.0, -0]}}}]
tasks: [{command: x, retry: {limit: 1, exit_codes: [-0]}}]`);
	expect(workflow.agents[0]?.driverOptions).toEqual({docker: {x: [0, 0]}});
	expect(workflow.tasks[0]?.retry.exitCodes).toEqual([0]);
});

test('keys for containers have no effect on a local agent, and that is told where they stand', () => {
	const {workflow, notices} = load('tasks: [{command: x}]\nagents:\n  - name: a\n    volume: "./a:/b"\n    ports: [80]');
	expect(workflow?.agents[0]?.type).toBe('local');
	expect(notices.map(({line, message}) => [line, message])).toEqual([
		[4, '`volumes` has no effect: agent `a` is a process on this host, not a container'],
		[5, '`ports` has no effect: agent `a` is a process on this host, not a container'],
	]);
});

describe('keys', () => {
	test('every key of a task reaches its spec', () => {
		const [task] = loadValid(`tasks:
  - name: build
    command: [echo a, echo b]
    agent: {labels: {zone: 1}}
    env: {A: 1, B: true, C: text, D: ''}
    working_dir: sub
    shell: bash
    timeout: 1h30m
    retry: {limit: 4, delay: 500ms, backoff: 1.5, max_delay: 10, exit_codes: [1, 75], lost: 0}
    continue_on_error: true
    volumes: data:/data
    resources: {requests: {cpu: 500m}, limits: {cpu: 2, memory: 256Mi, nvidia.com/gpu: 1}}
    labels: {team: 7}
`).tasks;
		expect(task).toEqual({
			name: 'build',
			command: ['echo a', 'echo b'],
			agent: {labels: {zone: '1'}},
			dependsOn: [],
			env: {A: '1', B: 'true', C: 'text', D: ''},
			workingDir: 'sub',
			shell: ['bash', '-ec'],
			timeoutMs: 5_400_000,
			retry: {limit: 4, delayMs: 500, backoff: 1.5, maxDelayMs: 10_000, exitCodes: [1, 75], lost: 0},
			continueOnError: true,
			volumes: ['data:/data'],
			resources: {requests: {cpu: '500m'}, limits: {cpu: '2', memory: '256Mi', 'nvidia.com/gpu': '1'}},
			labels: {team: '7'},
		});
	});

	test('every key of an agent reaches its spec', () => {
		const [agent] = loadValid(`tasks: [{command: x}]
agents:
  - name: a.b_c-1
    image: me/agent
    volumes: [./a:/b, c:/d:ro]
    env: {A: 1}
    workflow: flows/x.yml
    replicas: 2
    slots: 3
    labels: {gpu: true}
    resources: {limits: {memory: 1073741824}}
    network: net
    ports: [8080, "8080:80", "127.0.0.1:53:53/udp"]
    user: 1000
    pull_policy: always
    readiness_probe: {httpGet: {path: /health, port: 5000}, periodSeconds: 2}
    start_timeout: 2m
    lifetime: persistent
    driver_options: {docker: {HostConfig: {Privileged: false}}}
`).agents;
		expect(agent).toEqual({
			name: 'a.b_c-1',
			type: 'docker',
			image: 'me/agent',
			volumes: ['./a:/b', 'c:/d:ro'],
			env: {A: '1'},
			workflow: 'flows/x.yml',
			replicas: 2,
			slots: 3,
			labels: {gpu: 'true'},
			resources: {limits: {memory: '1073741824'}},
			network: 'net',
			ports: ['8080', '8080:80', '127.0.0.1:53:53/udp'],
			user: '1000',
			pullPolicy: 'always',
			readinessProbe: {httpGet: {path: '/health', port: 5000}, periodSeconds: 2},
			startTimeoutMs: 120_000,
			lifetime: 'persistent',
			driverOptions: {docker: {HostConfig: {Privileged: false}}},
		});
	});

	test('every key of a workflow reaches it', () => {
		const workflow = loadValid(
			`name: release
description: ships
env: {A: own, B: 2}
env_file: [base.env, more.env]
timeout: 1h
agent_timeout: 0
max_parallel: 4
fail_fast: false
labels: {team: x}
tasks: [{command: x}]
`,
			{files: {'base.env': 'A=file\nC=base\n', 'more.env': 'C=more\n'}},
		);
		expect(workflow).toMatchObject({
			name: 'release',
			description: 'ships',
			env: {A: 'own', B: '2', C: 'more'},
			timeoutMs: 3_600_000,
			agentTimeoutMs: 0,
			maxParallel: 4,
			failFast: false,
			labels: {team: 'x'},
		});
	});

	test('an alias works, and a notice names the canonical key once', () => {
		const {workflow, notices} = load(`inputs: [{name: p, default: 1, type: integer}]
environment: {A: 1}
tasks:
  - {id: a, run: x}
  - {id: b, script: y, needs: a}
  - {id: c, run: z, depends: a}
  - {id: d, run: z, dependencies: [a]}
`);
		expect(workflow?.tasks.map(({name}) => name)).toEqual(['a', 'b', 'c', 'd']);
		expect(workflow?.tasks[3]?.dependsOn).toEqual([{task: 0, condition: 'succeeded', optional: false}]);
		expect(workflow?.env).toEqual({A: '1'});
		expect(notices.map(({line, message}) => `${line} ${message}`)).toEqual([
			'1 `inputs` is an alias of `params`',
			'2 `environment` is an alias of `env`',
			'4 `id` is an alias of `name`',
			'4 `run` is an alias of `command`',
			'5 `script` is an alias of `command`',
			'5 `needs` is an alias of `depends_on`',
			'6 `depends` is an alias of `depends_on`',
			'7 `dependencies` is an alias of `depends_on`',
		]);
	});

	test.each([
		[
			'{concurrency: 1, schedule: "* * * * *", secrets: [], hooks: {}, retention: 1d, tasks: [{command: x}]}',
			['concurrency', 'schedule', 'secrets', 'hooks', 'retention'],
		],
		[
			'tasks: [{if: x, when: x, matrix: {}, include: [], exclude: [], for_each: [], max_parallel: 1, outputs: {}, approval: {}, workflow: x, with: {}, priority: 1}]',
			['if', 'when', 'matrix', 'include', 'exclude', 'for_each', 'max_parallel', 'outputs', 'approval', 'workflow', 'with', 'priority'],
		],
		['{defaults: {priority: 1}, tasks: [{command: x}]}', ['priority']],
	])('later keys are refused by name: %s', (text, keys) => {
		expect(load(text).problems.map(({message}) => message)).toEqual(keys.map(key => `\`${key}\` is not supported yet`));
	});
});

describe('order and dependencies', () => {
	test('no task names a dependency: file order, which is no dependency', () => {
		expect(loadValid('tasks: [{command: a}, {command: b}, {command: c}]').tasks.map(({name, dependsOn}) => [name, dependsOn])).toEqual([
			['task-1', []],
			['task-2', [{task: 0, condition: 'ordered', optional: true}]],
			['task-3', [{task: 1, condition: 'ordered', optional: true}]],
		]);
	});

	test('an empty list counts as naming one: a graph', () => {
		expect(loadValid('tasks: [{command: a}, {command: b, depends_on: []}]').tasks.map(({dependsOn}) => dependsOn)).toEqual([[], []]);
	});

	test('names, lists and conditions; an optional task that the file does not have is dropped', () => {
		const {tasks} = loadValid(`tasks:
  - {name: a, command: x, depends_on: b}
  - {name: b, command: x}
  - name: c
    command: x
    depends_on:
      a: {condition: failed}
      b: {condition: completed, optional: true}
      gone: {optional: true}
  - {name: d, command: x, depends_on: [a, a]}
`);
		expect(tasks.map(({dependsOn}) => dependsOn)).toEqual([
			[{task: 1, condition: 'succeeded', optional: false}],
			[],
			[
				{task: 0, condition: 'failed', optional: false},
				{task: 1, condition: 'completed', optional: true},
			],
			[{task: 0, condition: 'succeeded', optional: false}],
		]);
	});
});

describe('defaults', () => {
	test('apply to all tasks; maps merge, and the task wins', () => {
		const {tasks} = loadValid(`defaults:
  agent: big
  env: {A: default, B: default}
  labels: {x: "1"}
  retry: {limit: 5, delay: 2s}
  resources: {limits: {cpu: "1", memory: 1Gi}}
  volumes: [./a:/a]
  shell: [bash, -c]
  working_dir: /src
tasks:
  - command: x
  - command: y
    agent: small
    env: {B: own}
    labels: {y: "2"}
    retry: 0
    resources: {limits: {cpu: 500m}}
    volumes: [./b:/b]
`);
		expect(tasks[0]).toMatchObject({agent: {name: 'big'}, env: {A: 'default', B: 'default'}, shell: ['bash', '-c'], workingDir: '/src'});
		expect(tasks[0]?.retry).toMatchObject({limit: 5, delayMs: 2000});
		expect(tasks[1]).toMatchObject({
			agent: {name: 'small'},
			env: {A: 'default', B: 'own'},
			labels: {x: '1', y: '2'},
			resources: {limits: {cpu: '500m', memory: '1Gi'}},
			volumes: ['./b:/b'],
		});
		expect(tasks[1]?.retry).toMatchObject({limit: 0, delayMs: 2000});
	});

	test.each(['name', 'command', 'depends_on', 'run'])('%s makes no sense there', key => {
		expect(problemsOf(`{defaults: {${key}: x}, tasks: [{command: x}]}`)[0]).toContain(`unknown key \`${key}\``);
	});
});

test.each([
	['retry: 3', 3],
	['retry: {delay: 5s}', 3],
	['retry: {exit_codes: [75]}', 3],
	['retry: {lost: 0}', 0],
	['retry: {limit: 1, delay: 5s}', 1],
	['timeout: 5', 0],
])('%s means %i further attempts', (keys, limit) => {
	expect(loadValid(`tasks:\n  - command: x\n    ${keys}\n`).tasks[0]?.retry.limit).toBe(limit);
});

test.each([
	['bash', '"x"', ['bash', '-c']],
	['/bin/zsh', '[x]', ['/bin/zsh', '-ec']],
	['python3', '[x]', ['python3', '-c']],
	['node', '"x"', ['node', '-e']],
	['[perl, -w, -e]', '[x]', ['perl', '-w', '-e']],
])('shell %s for the command %s', (shell, command, argv) => {
	expect(loadValid(`tasks: [{shell: ${shell}, command: ${command}}]`).tasks[0]?.shell).toEqual(argv);
});

test('an agent that is neither declared nor the own host is a notice, once', () => {
	const {workflow, notices} = load(`tasks:
  - {command: x, agent: bulider}
  - {command: y, agent: bulider}
  - {command: z, agent: local-agent}
agents: [{name: builder}]
`);
	expect(workflow).toBeDefined();
	expect(notices).toHaveLength(1);
	expect(notices[0]).toMatchObject({line: 2, column: 25});
	expect(notices[0]?.message).toContain('agent `bulider` is not declared here');
	expect(notices[0]?.message).toContain('did you mean `builder`?');
});

test('an agent is local without an image', () => {
	expect(loadValid('tasks: [{command: x}]\nagents: [{name: a}, {name: b, image: c}]').agents.map(({type}) => type)).toEqual([
		'local',
		'docker',
	]);
});

test('the name comes from the file, inline it is plain', () => {
	const request = {text: 'tasks: [{command: x}]'};
	expect(loadValid(request.text, {file: 'a/b/nightly.build.yaml'}).name).toBe('nightly.build');
	expect(loadValid('{"tasks": [{"command": "x"}]}', {file: 'flow.json'}).name).toBe('flow');
});

test('labels that no agent of the file has are noticed once, with the nearest agent', () => {
	const tasks = `tasks:
  - {command: x, agent: {labels: {gpu: "no", os: linux}}}
  - {command: x, agent: {labels: {gpu: "no", os: linux}}}
  - {command: x, agent: {labels: {os: linux}}}
`;
	const agents = 'agents: [{name: a}, {name: b, labels: {gpu: yes, os: linux}}]\n';
	const told = load(agents + tasks).notices.map(({line, message}) => `${line} ${message}`);
	expect(told).toEqual(['3 no agent of this file has these labels: the task waits until one registers; the nearest, `b`, lacks gpu=no']);
	expect(load(tasks).notices, 'it counts on registered agents').toEqual([]);
});
