import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Readable} from 'node:stream';
import {ByoaiError} from '../../model/error.ts';
import {ask, saidBy, statusOf} from './engine.ts';
import {EngineRefusal, progressLines} from './lines.ts';
import type {PullOptions} from './pull.ts';
import {isHere, Layers} from './pull.ts';

export type BuildOptions = PullOptions & {
	/** The agent program in one file. */
	readonly agentProgram: string;
};

/** Of what a step of a failed build printed, so many lines are told. */
const outputLines = 15;

/**
 * The image of the agent, made of the one file that every way to install this program brings along. It is what the stages `base` and `agent`
 * of this repository's Dockerfile make, with the same lines, so that the engine's cache serves both; a test holds the two together.
 */
export const agentDockerfile = `FROM node:26-bookworm-slim AS base
RUN apt-get update \\
	&& DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates curl tini \\
	&& apt-get clean && rm -rf /var/lib/apt/lists/* \\
	&& groupadd --gid 10001 byoai \\
	&& useradd --uid 10001 --gid byoai --create-home --shell /bin/sh byoai \\
	&& chmod 1777 /home/byoai
ENV HOME=/home/byoai
WORKDIR /home/byoai
FROM base AS agent
COPY agent.js /app/agent.js
ENV AGENT_HOST=0.0.0.0
USER 10001:10001
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \\
	CMD curl --fail --silent --show-error --output /dev/null "http://127.0.0.1:\${AGENT_API_PORT:-5000}/health"
ENTRYPOINT ["tini", "-s", "--", "node", "/app/agent.js"]
`;

/** Resolves when the image is made. Rejects in words, with the output of the step that failed, or with the signal's reason. */
export async function buildAgentImage({docker, image, logins, agentProgram, signal, onProgress}: BuildOptions): Promise<void> {
	const steps = new Steps(image);
	const context = await mkdtemp(join(tmpdir(), 'byoai-image-'));
	try {
		await writeFile(join(context, 'agent.js'), await readFile(agentProgram), {mode: 0o644});
		await writeFile(join(context, 'Dockerfile'), agentDockerfile);
		signal.throwIfAborted();
		// Its base image may have to be pulled, which has limits for those who are not logged in.
		const {auth} = await logins.of('node');
		const {username, password, serveraddress} = auth ?? {};
		const login = username && password && serveraddress ? {registryconfig: {[serveraddress]: {username, password}}} : {};
		const options = {t: image, rm: true, forcerm: true, abortSignal: signal, ...login};
		const stream: NodeJS.ReadableStream = await docker.buildImage({context, src: ['Dockerfile', 'agent.js']}, options);
		for await (const line of progressLines(stream as Readable, signal)) onProgress(steps.take(line));
		if (!(await isHere(docker, image))) throw new Error('the build broke off');
	} catch (error) {
		signal.throwIfAborted();
		if (error instanceof ByoaiError) throw error;
		await ask('answer', docker.ping()); // one that is away is waited for; then it is built anew
		throw notBuilt(image, error, steps);
	} finally {
		await rm(context, {recursive: true, force: true});
	}
}

function notBuilt(image: string, error: unknown, steps: Steps): ByoaiError {
	const isRefused = error instanceof EngineRefusal || statusOf(error) !== undefined;
	const output = steps.output();
	const message = `Image ${image} is not on this host and could not be built${steps.where()}: ${saidBy(error)}. Build it by hand (\`npm run images\` in a checkout of byoai), or name another (\`image\`, AGENT_IMAGE).${output && ` The step's output:\n${output}`}`;
	return new ByoaiError(isRefused ? 'invalid' : 'unavailable', message, {cause: error, retryable: !isRefused});
}

/** What is told of a build, step by step. */
class Steps {
	readonly #image: string;
	#step = '';
	#instruction = '';
	#printed: string[] = [];
	#layers = new Layers();

	constructor(image: string) {
		this.#image = image;
	}

	/** Returns how far all is, in words: `building byoai-agent:latest: step 3/9`. */
	take(line: Readonly<Record<string, unknown>>): string {
		const text = typeof line.stream === 'string' ? line.stream : '';
		const begun = /^Step (\d+\/\d+) : (.*)/.exec(text);
		if (begun !== null) {
			[, this.#step = '', this.#instruction = ''] = begun;
			this.#printed = [];
			this.#layers = new Layers();
		} else if (text !== '') this.#printed.push(text);
		const step = this.#step === '' ? '' : `: step ${this.#step}`;
		return `building ${this.#image}${step}${typeof line.id === 'string' ? `, ${this.#layers.take(line)}` : ''}`;
	}

	/** ` in step 2/12 (RUN apt-get update)` */
	where(): string {
		if (this.#step === '') return '';
		const short = this.#instruction.length > 60 ? `${this.#instruction.slice(0, 60)}…` : this.#instruction;
		return ` in step ${this.#step} (${short})`;
	}

	output(): string {
		return this.#printed.join('').trim().split('\n').slice(-outputLines).join('\n');
	}
}
