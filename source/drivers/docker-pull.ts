import type {Readable} from 'node:stream';
import type Docker from 'dockerode';
import {ByoaiError} from '../model/error.ts';
import type {PullPolicy} from '../model/workflow.ts';
import {orAborted} from './abortable.ts';
import {askOfGone, saidBy, statusOf} from './docker-engine.ts';
import {jsonLines} from './docker-lines.ts';

/** A pull of which nothing is heard for so long is given up. */
const stallMs = 5 * 60 * 1000;

type Pull = {readonly done: Promise<void>; readonly abort: AbortController; users: number; progress: string};

/** What the engine tells of a pull, line by line. */
type PullLine = {
	readonly id?: string;
	readonly status?: string;
	readonly progressDetail?: {readonly current?: number; readonly total?: number};
};

/** The images of agents: one pull for all who wait for the same image, given up when nobody does any more. */
export class DockerImages {
	readonly #pulls = new Map<string, Pull>();

	/** How far the pull of an image is, in words; undefined: it is not being pulled. */
	progress(image: string): string | undefined {
		return this.#pulls.get(image)?.progress;
	}

	/**
	 * Resolves when the image is there. Rejects, naming it and what to do, with `invalid` when it can neither be found nor pulled, with
	 * `unavailable` when that may pass; or with the signal's reason.
	 */
	async ensure(docker: Docker, image: string, policy: PullPolicy, signal: AbortSignal): Promise<void> {
		if (policy !== 'always' && (await isHere(docker, image))) return;
		if (policy === 'never') {
			throw new ByoaiError(
				'invalid',
				`Image ${image} is not on this host, and \`pull_policy: never\` keeps it from being pulled: build it, or pull it (\`docker pull ${image}\`).`,
			);
		}
		const pull = this.#join(docker, image);
		pull.users++;
		try {
			await orAborted(pull.done, signal);
		} finally {
			if (--pull.users === 0) {
				pull.abort.abort();
				if (this.#pulls.get(image) === pull) this.#pulls.delete(image);
			}
		}
	}

	#join(docker: Docker, image: string): Pull {
		const known = this.#pulls.get(image);
		if (known !== undefined) return known;
		const abort = new AbortController();
		const pull: Pull = {
			abort,
			users: 0,
			progress: 'pulling its image',
			done: pullImage(docker, image, abort.signal, progress => {
				pull.progress = progress;
			}),
		};
		pull.done.catch(() => undefined); // who waits is told; perhaps nobody does any more
		this.#pulls.set(image, pull);
		return pull;
	}
}

async function pullImage(docker: Docker, image: string, signal: AbortSignal, onProgress: (progress: string) => void): Promise<void> {
	try {
		const stream = (await docker.pull(reference(image), {abortSignal: signal})) as Readable;
		await follow(stream, signal, onProgress);
		// A stream that breaks off ends like any other.
		if (!(await isHere(docker, image))) throw new Error('the pull broke off');
	} catch (error) {
		signal.throwIfAborted();
		if (error instanceof ByoaiError) throw error;
		throw notPulled(image, error, await isHere(docker, image));
	}
}

async function isHere(docker: Docker, image: string): Promise<boolean> {
	return (await askOfGone(`look for image ${image}`, docker.getImage(image).inspect())) !== undefined;
}

/** What the engine, or the registry by it, answered to a pull: it is not that nothing came of it. */
class PullRefused extends Error {}

async function follow(stream: Readable, signal: AbortSignal, onProgress: (progress: string) => void): Promise<void> {
	const layers = new Layers();
	let timer: NodeJS.Timeout | undefined;
	const heard = () => {
		clearTimeout(timer);
		timer = setTimeout(() => stream.destroy(new Error(`nothing came for ${stallMs / 60_000} minutes`)), stallMs);
	};
	const giveUp = () => stream.destroy(new Error('given up'));
	signal.addEventListener('abort', giveUp);
	try {
		heard();
		if (signal.aborted) giveUp();
		for await (const line of jsonLines(stream)) {
			heard();
			if (typeof line.error === 'string') throw new PullRefused(line.error);
			onProgress(layers.take(line));
		}
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', giveUp);
		stream.destroy();
	}
}

/** What agents have whose author names none. */
const ownImage = 'byoai-agent:latest';

/** Tried again are a pull that broke off, and one of an image that is here: of these it may be that nothing is wrong with the image. */
function notPulled(image: string, error: unknown, isThere: boolean): ByoaiError {
	const said = saidBy(error);
	if (isThere) {
		const message = `Image ${image} cannot be pulled (${said}), as \`pull_policy: always\` asks for: \`missing\` uses the one that is on this host.`;
		return new ByoaiError('unavailable', message, {cause: error, retryable: true});
	}
	const mend =
		image === ownImage
			? 'build it with `npm run images` in a checkout of byoai, or name another (`image`, AGENT_IMAGE)'
			: 'look at its spelling (`image`, AGENT_IMAGE), log in if its registry wants that (`docker login`), or build it here';
	const isRefused = error instanceof PullRefused || statusOf(error) !== undefined;
	return new ByoaiError(
		isRefused ? 'invalid' : 'unavailable',
		`Image ${image} is not on this host and cannot be pulled (${said}): ${mend}.`,
		{
			cause: error,
			retryable: !isRefused,
		},
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
	#percent = 0;

	/** Returns how far all is, in words: `pulling 43 % (3 of 7 layers)`. It never goes back. */
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
		return `pulling ${this.#percent} % (${layers.filter(({done}) => done).length} of ${layers.length} layers)`;
	}
}
