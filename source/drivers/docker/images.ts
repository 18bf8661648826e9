import type Docker from 'dockerode';
import {ByoaiError} from '../../model/error.ts';
import type {PullPolicy} from '../../model/workflow.ts';
import {orAborted} from '../abortable.ts';
import {buildAgentImage} from './build.ts';
import type {DockerLogins} from './logins.ts';
import {isHere, pullImage} from './pull.ts';

export type DockerImagesOptions = {
	readonly logins: DockerLogins;
	/** The agent program in one file, of which the image is made that agents have whose author names none. */
	readonly agentProgram: string;
};

/** What agents have whose author names none. No registry has it: it is made here. */
const ownImage = 'byoai-agent:latest';

/** A pull or a build that is under way. */
type Fetch = {readonly done: Promise<void>; readonly abort: AbortController; users: number; progress: string};

/** The images of agents: one pull, or build, for all who wait for the same image, given up when nobody does any more. */
export class DockerImages {
	readonly #options: DockerImagesOptions;
	readonly #fetches = new Map<string, Fetch>();

	constructor(options: DockerImagesOptions) {
		this.#options = options;
	}

	/** How far an image is that is pulled or built, in words; undefined: it is neither. */
	progress(image: string): string | undefined {
		return this.#fetches.get(image)?.progress;
	}

	/**
	 * Resolves when the image is there. Rejects, naming it and what to do, with `invalid` when it can neither be found nor pulled nor built, with
	 * `unavailable` when that may pass; or with the signal's reason.
	 */
	async ensure(docker: Docker, image: string, policy: PullPolicy, signal: AbortSignal): Promise<void> {
		if ((policy !== 'always' || image === ownImage) && (await isHere(docker, image))) return;
		if (policy === 'never') {
			throw new ByoaiError(
				'invalid',
				`Image ${image} is not on this host, and \`pull_policy: never\` keeps it from being pulled: build it, or pull it (\`docker pull ${image}\`).`,
			);
		}
		const fetch = this.#join(docker, image);
		fetch.users++;
		try {
			await orAborted(fetch.done, signal);
		} finally {
			if (--fetch.users === 0) {
				fetch.abort.abort();
				if (this.#fetches.get(image) === fetch) this.#fetches.delete(image);
			}
		}
	}

	#join(docker: Docker, image: string): Fetch {
		const known = this.#fetches.get(image);
		if (known !== undefined) return known;
		const {logins, agentProgram} = this.#options;
		const abort = new AbortController();
		const onProgress = (progress: string) => {
			fetch.progress = progress;
		};
		const begun = {docker, image, logins, signal: abort.signal, onProgress};
		const fetch: Fetch = {
			abort,
			users: 0,
			progress: image === ownImage ? `building ${image}` : 'pulling its image',
			done: image === ownImage ? buildAgentImage({...begun, agentProgram}) : pullImage(begun),
		};
		fetch.done.catch(() => undefined); // who waits is told; perhaps nobody does any more
		this.#fetches.set(image, fetch);
		return fetch;
	}
}
