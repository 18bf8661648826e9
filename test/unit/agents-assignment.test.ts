import {expect, test} from 'vitest';
import {assignmentOf} from '../../source/agents/assignment.ts';
import type {AgentSpec, TaskSpec, Workflow} from '../../source/model/workflow.ts';
import {agentSpec, Play, task, workflow} from '../helpers/scheduling.ts';

type Setting = {readonly task?: Partial<TaskSpec>; readonly workflow?: Partial<Workflow>; readonly agent?: Partial<AgentSpec>};

/** The assignment of the only task, `a`, to an instance of `agent` as the workflow declares it. */
function assignDeclared({task: taskKeys, workflow: workflowKeys, agent}: Setting) {
	const play = new Play();
	play.submit(workflow([task('a', taskKeys)], {directory: '/flow', agents: [agentSpec('agent', agent)], ...workflowKeys}));
	play.event({type: 'instance-started', at: play.now, instance: 'agent~r1', handle: {driver: 'fake'}}).session('agent~r1');
	expect(play.place()).toEqual(['a']);
	return assignmentOf(play.state, {run: 'r1', task: 0, attempt: 1}, 700);
}

/** The same on an agent that registered. */
function assignRegistered({task: taskKeys}: Setting) {
	const play = new Play().agent().submit(workflow([task('a', taskKeys)], {directory: '/flow'}));
	play.place();
	return assignmentOf(play.state, {run: 'r1', task: 0, attempt: 1}, 700);
}

test('the environment: what is nearer to the task wins, and nobody can pretend to be another attempt', () => {
	const {env} = assignDeclared({
		agent: {env: {FROM: 'agent', A: 'agent', AB: 'agent'}},
		workflow: {env: {FROM: 'workflow', B: 'workflow', AB: 'workflow'}},
		task: {env: {FROM: 'task', BYOAI_RUN: 'another'}},
	});
	expect(env).toEqual({
		FROM: 'task',
		A: 'agent',
		B: 'workflow',
		AB: 'workflow',
		BYOAI_RUN: 'r1',
		BYOAI_TASK: 'a',
		BYOAI_ATTEMPT: '1',
	});
});

test('for a task that asks for labels no declared agent is meant, so none gives it an environment', () => {
	const {env} = assignDeclared({agent: {env: {A: 'agent'}, labels: {os: 'linux'}}, task: {agent: {labels: {os: 'linux'}}}});
	expect(env).not.toHaveProperty('A');
});

test('on the own host a working directory is relative to the workflow file, which is also where tasks run by default', () => {
	expect(assignDeclared({}).workingDir).toBe('/flow');
	expect(assignDeclared({task: {workingDir: 'src/app'}}).workingDir).toBe('/flow/src/app');
	expect(assignDeclared({task: {workingDir: '../other'}}).workingDir).toBe('/other');
	expect(assignDeclared({task: {workingDir: '/tmp'}}).workingDir).toBe('/tmp');
});

test('elsewhere a working directory is the agent’s affair', () => {
	expect(assignRegistered({})).not.toHaveProperty('workingDir');
	expect(assignRegistered({task: {workingDir: 'src/app'}}).workingDir).toBe('src/app');
	expect(assignDeclared({agent: {type: 'docker'}})).not.toHaveProperty('workingDir');
});

test('the rest goes along as it is, and what is not set is not there', () => {
	const ref = {run: 'r1', task: 0, attempt: 1};
	expect(assignRegistered({})).toEqual({ref, task: 'a', command: 'true', env: expect.anything(), graceMs: 700});
	const set = {command: ['a', 'b'], shell: ['bash', '-c'], timeoutMs: 5000};
	expect(assignRegistered({task: set})).toMatchObject(set);
});
