import type {Config} from '../config.ts';
import type {DockerSurvey, EngineFacts} from '../drivers/docker/survey.ts';
import type {ClusterFacts, KubernetesSurvey} from '../drivers/kubernetes/survey.ts';

/** What the checks look at. */
export type Place = {
	readonly config: Pick<Config, 'stateDir' | 'host' | 'port' | 'portIsExplicit' | 'docker' | 'kubernetes' | 'limits'>;
	readonly node: {readonly version: string; readonly path: string; readonly neededMajor: number};
	/** Id of the state directory; undefined: there is none yet. Rejects with `unavailable` when it may not be read. */
	readonly stateId: () => Promise<string | undefined>;
	/** Undefined: there is no state directory yet. Rejects with `ByoaiError` when it can neither be read nor its orchestrator asked. */
	readonly holder: () => Promise<Holder | undefined>;
	readonly docker: DockerSurvey;
	/** Asked once, for all who need to know. */
	readonly engine: () => Promise<EngineFacts>;
	readonly kubernetes: KubernetesSurvey;
	/** The same; undefined: none is configured. */
	readonly cluster: () => Promise<ClusterFacts | undefined>;
	readonly dockerCommand: DockerCommand;
	/** Whether what is left behind is to be removed. */
	readonly clean: boolean;
};

/** Who answers for a state directory: its living orchestrator, or, where it has none, the directory itself, which nobody else has meanwhile. */
export type Holder = {
	/** Where the orchestrator is reached; absent: there is none. */
	readonly url?: string;
	/** Names of all agents and instances, and what kind they are. */
	readonly agents: () => Promise<ReadonlyArray<{readonly id: string; readonly type: string}>>;
	/** Whether a run of this id has not ended. */
	readonly isActive: (run: string) => Promise<boolean>;
};

/** Where the `docker` command has its settings, and which context its variable names. */
export type DockerCommand = {readonly directory: string; readonly context?: string};

/** Whether an engine answers; whose check says what there is to say. */
export function engineAnswers({engine}: Place): Promise<boolean> {
	return engine().then(
		() => true,
		() => false,
	);
}
