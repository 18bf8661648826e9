import {existsSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {findAll} from '../doctor/check.ts';
import {checks} from '../doctor/checks.ts';
import type {Holder, Place} from '../doctor/place.ts';
import {createDockerSurvey} from '../drivers/docker/survey.ts';
import {createKubernetesSurvey} from '../drivers/kubernetes/survey.ts';
import {ByoaiError} from '../model/error.ts';
import {runEnded} from '../model/run.ts';
import {readId} from '../store/state-directory.ts';
import {neededNode, version} from '../version.ts';
import type {Invocation, Run} from './command.ts';
import {formatFindings, worstOf} from './doctor-format.ts';
import {missing} from './exit-status.ts';
import type {Access} from './orchestrators.ts';
import {openOrJoin} from './orchestrators.ts';

/** What an engine may take of the time of a check: so there is time left to say that it does not answer. */
const engineShare = 2 / 3;
/** The same where something is to be removed, and people know that it may take longer. */
const cleanAnswerMs = 10_000;

/** `byoai doctor`: looks at all that a workflow may need, and tells what helps. Ends with 3 when something does not work. */
export const doctor: Run = async invocation => {
	const {flags, config, output} = invocation;
	const {place, close} = placeOf(invocation);
	try {
		const findings = await findAll(checks, place);
		const status = worstOf(findings);
		const look = {colour: config.colour.out, unicode: config.unicode, columns: output.columns, now: Date.now()};
		output.write(flags.json === true ? `${JSON.stringify({version, status, findings}, undefined, 2)}\n` : formatFindings(findings, look));
		return status === 'problem' ? missing : 0;
	} finally {
		await close();
	}
};

function placeOf(invocation: Invocation): {place: Place; close(): Promise<void>} {
	const {flags, config} = invocation;
	const {environment} = config;
	const {host} = config.docker;
	const answerMs = flags.clean === true ? cleanAnswerMs : config.limits.doctor_milliseconds * engineShare;
	const docker = createDockerSurvey({answerMs, ...(host !== undefined && {host})});
	const {image, ...defaults} = config.kubernetes;
	const stateId = async () => readId(config.stateDir);
	const memory = join(config.stateDir, 'kubernetes-places.json');
	const kubernetes = createKubernetesSurvey({defaults, image, memory, answerMs, owner: stateId});
	const access = once(() => openState(invocation));
	let isOpen = false;
	const place: Place = {
		config,
		node: {version: process.version, path: process.execPath, neededMajor: neededNode},
		stateId,
		holder: async () => {
			isOpen = true;
			const found = await access();
			return found && holderOf(found);
		},
		docker,
		engine: once(() => docker.engine()),
		kubernetes,
		cluster: once(() => kubernetes.cluster()),
		dockerCommand: {
			directory: environment.DOCKER_CONFIG || join(homedir(), '.docker'),
			...(environment.DOCKER_CONTEXT && {context: environment.DOCKER_CONTEXT}),
		},
		clean: flags.clean === true,
	};
	// What could not be opened has been told; what opens only now, is not waited for.
	return {
		place,
		close: async () => {
			await kubernetes.close();
			if (isOpen) await closeSoon(access());
		},
	};
}

const closeMs = 200;

async function closeSoon(access: Promise<Access | undefined>): Promise<void> {
	const opened = await Promise.race([
		access.catch(() => undefined),
		new Promise<undefined>(resolve => setTimeout(() => resolve(undefined), closeMs).unref()),
	]);
	await opened?.close();
}

/** The orchestrator of the state directory; undefined: there is no such directory yet. None is made. */
async function openState(invocation: Invocation): Promise<Access | undefined> {
	const {stateDir} = invocation.config;
	return existsSync(stateDir) && readId(stateDir) !== undefined ? openOrJoin(invocation, 'reader') : undefined;
}

function holderOf({client, own}: Access): Holder {
	return {
		...(own === undefined && {url: client.url}),
		agents: () => client.agents(),
		isActive: async run => {
			try {
				return !runEnded((await client.run(run)).status);
			} catch (error) {
				if (error instanceof ByoaiError && error.code === 'not_found') return false;
				throw error;
			}
		},
	};
}

/** The same promise for all who ask. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
	let asked: Promise<T> | undefined;
	return () => {
		asked ??= ask();
		return asked;
	};
}
