import type {InstanceCommand} from '../model/instance.ts';
import type {AgentSpec} from '../model/workflow.ts';
import type {DockerDefaults} from './docker/spec.ts';
import {validateDocker} from './docker/spec.ts';
import {validateKubernetes} from './kubernetes/spec.ts';
import {validateLocal} from './local/spec.ts';

/** Stands for whatever a task says. */
const anyCommand: InstanceCommand = {ref: {run: '', task: 0, attempt: 1}, task: '', argv: ['sh', '-c', ''], env: {}};

/** What drivers cannot do of agents, and of tasks with an `image`: told by what is written alone, and by no engine. */
export type Refusals = {
	/** In words; empty: all fine. `directory`: what relative paths are relative to. */
	readonly refusalsOf: (agent: AgentSpec, directory: string) => readonly string[];
	/** Of the instance of a task that is made after `mould`; undefined: there are none of such a type. */
	readonly imageRefusalsOf: (mould: AgentSpec, directory: string) => readonly string[] | undefined;
};

export function driverRefusals(docker: Pick<DockerDefaults, 'network'>): Refusals {
	const validate = (agent: AgentSpec, directory: string, command?: InstanceCommand): readonly string[] => {
		const spec = {name: agent.name, agent, directory, ...(command && {command})};
		if (agent.type === 'docker') return validateDocker(spec, docker);
		return agent.type === 'kubernetes' ? validateKubernetes(spec) : validateLocal(spec);
	};
	return {
		refusalsOf: (agent, directory) => validate(agent, directory),
		imageRefusalsOf: (mould, directory) => (mould.type === 'local' ? undefined : validate(mould, directory, anyCommand)),
	};
}
