import type {Readable} from 'node:stream';
import type Docker from 'dockerode';
import {ByoaiError} from '../../model/error.ts';
import {formatBytes, formatRate, RateMeter} from '../../text/figures.ts';
import {askOfGone, saidBy, statusOf} from './engine.ts';
import {EngineRefusal, progressLines} from './lines.ts';
import type {DockerLogins} from './logins.ts';

export type PullOptions = {
	readonly docker: Docker;
	readonly image: string;
	readonly logins: DockerLogins;
	/** Gives it up. */
	readonly signal: AbortSignal;
	readonly onProgress: (progress: string) => void;
};

/** What the engine tells of a pull, line by line. */
type PullLine = {
	readonly id?: string;
	readonly status?: string;
	readonly progressDetail?: {readonly current?: number; readonly total?: number};
};

export async function isHere(docker: Docker, image: string): Promise<boolean> {
	return (await askOfGone(`look for image ${image}`, docker.getImage(image).inspect())) !== undefined;
}

/** Resolves when the image is there. Rejects in words, or with the signal's reason. */
export async function pullImage({docker, image, logins, signal, onProgress}: PullOptions): Promise<void> {
	const {auth, problem} = await logins.of(image);
	const layers = new Layers();
	try {
		const options = {abortSignal: signal, ...(auth && {authconfig: auth})};
		const stream = (await docker.pull(reference(image), options)) as Readable;
		for await (const line of progressLines(stream, signal)) onProgress(layers.take(line));
		// A stream that breaks off ends like any other.
		if (!(await isHere(docker, image))) throw new Error('the pull broke off');
	} catch (error) {
		signal.throwIfAborted();
		if (error instanceof ByoaiError) throw error;
		throw notPulled({image, error, isThere: await isHere(docker, image), loginProblem: problem, isLoggedIn: auth !== undefined});
	}
}

type Failure = {
	readonly image: string;
	readonly error: unknown;
	readonly isThere: boolean;
	readonly isLoggedIn: boolean;
	readonly loginProblem: string | undefined;
};

/** Tried again are a pull that broke off, and one of an image that is here: of these it may be that nothing is wrong with the image. */
function notPulled({image, error, isThere, isLoggedIn, loginProblem}: Failure): ByoaiError {
	const said = saidBy(error) + (loginProblem === undefined ? '' : `; and its login could not be had: ${loginProblem}`);
	if (isThere) {
		const message = `Image ${image} cannot be pulled (${said}), as \`pull_policy: always\` asks for: \`missing\` uses the one that is on this host.`;
		return new ByoaiError('unavailable', message, {cause: error, retryable: true});
	}
	const login = isLoggedIn
		? 'log in anew if its registry refuses the login that `docker login` keeps'
		: 'log in if its registry wants that (`docker login`)';
	const isRefused = error instanceof EngineRefusal || statusOf(error) !== undefined;
	return new ByoaiError(
		isRefused ? 'invalid' : 'unavailable',
		`Image ${image} is not on this host and cannot be pulled (${said}): look at its spelling (\`image\`, AGENT_IMAGE), ${login}, or build it here.`,
		{cause: error, retryable: !isRefused},
	);
}

/** Without a tag the engine would pull all there are. */
function reference(image: string): string {
	const last = image.slice(image.lastIndexOf('/') + 1);
	return last.includes(':') || last.includes('@') ? image : `${image}:latest`;
}

/** Adds up what is told of each layer. */
export class Layers {
	readonly #layers = new Map<string, {current: number; total: number; done: boolean}>();
	readonly #rate = new RateMeter();
	readonly #now: () => number;
	#percent = 0;

	/** `now`: milliseconds of a clock that only goes forward. */
	constructor(now: () => number = () => performance.now()) {
		this.#now = now;
	}

	/** Returns how far all is, in words: `pulling 43 % (3 of 7 layers), 12 MiB of 28 MiB, 1.5 MiB/s`. Its part of the whole never goes back. */
	take({id, status = '', progressDetail}: PullLine): string {
		if (id !== undefined && /layer|wait|download|verif|extract|complete|exists/i.test(status)) {
			const layer = this.#layers.get(id) ?? {current: 0, total: 0, done: false};
			this.#layers.set(id, layer);
			if (status === 'Downloading')
				Object.assign(layer, {current: progressDetail?.current ?? layer.current, total: progressDetail?.total ?? layer.total});
			if (/^(?:Verifying|Download complete|Extracting)/.test(status)) layer.current = layer.total;
			if (/^(?:Pull complete|Already exists)/.test(status)) Object.assign(layer, {current: layer.total, done: true});
		}
		return this.#words();
	}

	/** By bytes, as far as sizes are known; a layer of which nothing is known yet counts as one like the others. */
	#words(): string {
		const layers = [...this.#layers.values()];
		if (layers.length === 0) return 'pulling its image';
		const known = layers.filter(({done, total}) => done || total > 0);
		const bytes = known.reduce((sum, {total}) => sum + total, 0);
		const there = known.reduce((sum, {current}) => sum + current, 0);
		const part = (bytes === 0 ? 1 : there / bytes) * (known.length / layers.length);
		this.#percent = Math.max(this.#percent, Math.floor(part * 100));
		const text = `pulling ${this.#percent} % (${layers.filter(({done}) => done).length} of ${layers.length} layers)`;
		if (bytes === 0) return text;
		// Of a layer that waits its turn nobody knows the size.
		const whole = known.length === layers.length ? ` of ${formatBytes(bytes)}` : '';
		const rate = this.#rate.update(there, this.#now());
		return `${text}, ${formatBytes(there)}${whole}${rate > 0 && there < bytes ? `, ${formatRate(rate)}` : ''}`;
	}
}
