import {ByoaiError} from '../model/error.ts';
import type {Check, Finding} from './check.ts';
import {note, ok, problem, reasonOf, warning} from './check.ts';
import type {DockerContext} from './docker-context.ts';
import {dockerContext} from './docker-context.ts';
import type {Place} from './place.ts';

/** Of Docker 20.10, the oldest with which byoai is tried. */
const oldestApi = 1.41;

/** Whether a Docker engine answers where it is looked for. It is a problem that none does where somebody counts on one, else a note. */
export const dockerEngine: Check = {
	name: 'docker',
	find: async place => {
		const {docker, engine, dockerCommand} = place;
		// With DOCKER_HOST the `docker` command does not look at contexts either.
		const context = docker.isTold ? undefined : await dockerContext(dockerCommand);
		const elsewhere = context?.host === docker.address ? undefined : context;
		try {
			const {version, apiVersion} = await engine();
			const says = `Docker ${version} (API ${apiVersion}) answers at ${docker.address}.`;
			const isOld = Number.parseFloat(apiVersion.replace(/^1\.(\d)$/, '1.0$1')) < oldestApi;
			const found = isOld ? warning(says, `byoai is tried with API ${oldestApi} and later: install a newer Docker`) : ok(says);
			return elsewhere === undefined ? [found] : [found, ofOtherContext(elsewhere)];
		} catch (error) {
			return [absence(error, place, elsewhere, await isNeeded(place))];
		}
	},
};

function ofOtherContext({name, host}: DockerContext): Finding {
	return note(
		`The docker command uses its context ${name}, at ${host}: another engine than byoai.`,
		`\`export DOCKER_HOST=${host}\` has byoai use that one, too`,
	);
}

/** Somebody named an engine, or the state has agents on one. */
async function isNeeded({docker, holder}: Place): Promise<boolean> {
	if (docker.isTold) return true;
	// A state directory that cannot be asked is a problem of its own, told by its own check.
	const agents = await holder()
		.then(found => found?.agents())
		.catch(() => undefined);
	return agents?.some(({type}) => type === 'docker') ?? false;
}

function absence(error: unknown, {docker: {address, isTold}}: Place, context: DockerContext | undefined, needed: boolean): Finding {
	const where = isTold ? `${address} (DOCKER_HOST)` : address;
	const start = isTold
		? 'correct DOCKER_HOST, or unset it'
		: 'start it (`sudo systemctl start docker`, or Docker Desktop), or set DOCKER_HOST to where it listens';
	const mend =
		context === undefined
			? start
			: `\`export DOCKER_HOST=${context.host}\`, where the docker command’s context ${context.name} has its engine`;
	switch (codeOf(error)) {
		case 'ENOENT':
		case 'ECONNREFUSED': {
			const says = `No Docker engine answers at ${where}.`;
			return needed ? problem(says, mend) : note(`${says} Only agents of type docker need one.`, mend);
		}
		case 'EACCES':
		case 'EPERM':
			return problem(`This user may not use the Docker engine at ${where}.`, '`sudo usermod -aG docker $USER`, then log in again');
		case 'ETIMEDOUT':
			return problem(
				`The Docker engine at ${where} takes the connection and does not answer.`,
				'start it again (`sudo systemctl restart docker`): containers go on only with `live-restore`',
			);
		default:
			return problem(reasonOf(error));
	}
}

function codeOf(error: unknown): string {
	const cause = error instanceof ByoaiError ? error.cause : undefined;
	return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}
