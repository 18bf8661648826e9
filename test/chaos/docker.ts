import {execFileSync} from 'node:child_process';
import {copyFileSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

/** Where the rounds with containers find an engine: this host's, or one that is their own and may be killed. */
export type Docker = {
	readonly host?: string;
	readonly image: string;
	/** kill -9 of the engine, and a new start of it. */
	readonly restart?: () => Promise<void>;
};

const image = 'byoai-chaos-agent';

/** Runs `docker` against the engine of the rounds; returns what it prints. */
export function dockerCommand({host}: {readonly host?: string}, ...argv: readonly string[]): string {
	const env = host === undefined ? process.env : {...process.env, DOCKER_HOST: host};
	return execFileSync('docker', argv, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env}).trim();
}

/** Builds an image with the agent program of `dist`; returns its name. */
export function buildImage(dist: string): string {
	const context = join(dist, '../image');
	mkdirSync(context);
	try {
		copyFileSync(join(dist, 'agent.js'), join(context, 'agent.js'));
		writeFileSync(join(context, 'Dockerfile'), 'FROM node:26-bookworm-slim\nCOPY agent.js /agent.js\nCMD ["node", "/agent.js"]\n');
		dockerCommand({}, 'build', '--quiet', '--tag', image, context);
		return image;
	} finally {
		rmSync(context, {recursive: true, force: true});
	}
}
