import {randomUUID} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {run} from './docker.ts';
import {temporaryDirectory} from './temporary-directory.ts';

const repository = join(import.meta.dirname, '../..');

/** Names of its own, so that nobody's images are replaced. The images stay: the next build begins with them. */
const overrides = `
services:
  orchestrator: {image: byoai-compose-orchestrator, restart: "no"}
  docker-agent: {image: byoai-compose-agent, restart: "no"}
`;

/** A compose file of the project, brought up under a name and on a port of its own; all of it is gone when the test is over. */
export class ComposeProject {
	readonly name = `byoai-test-${randomUUID().slice(0, 8)}`;
	readonly #command: readonly string[];
	readonly #files: readonly string[];
	#url: Promise<string> | undefined;

	/** `command`: how Compose is called; `file`: relative to the repository. */
	constructor(command: readonly string[], file: string) {
		const directory = temporaryDirectory();
		const override = join(directory, 'override.yml');
		writeFileSync(override, overrides);
		this.#command = command;
		this.#files = ['-f', join(repository, file), '-f', override];
		onTestFinished(async () => void (await this.down()));
	}

	/** Runs a command of Compose; resolves with what it printed. */
	async compose(...argv: readonly string[]): Promise<string> {
		const [program = '', ...first] = this.#command;
		const {BYOAI_TOKEN: _, AGENT_NAME: __, AGENT_SLOTS: ___, ...env} = process.env;
		return run(program, [...first, '--project-name', this.name, '--project-directory', repository, ...this.#files, ...argv], {
			cwd: repository,
			env: {...env, AGENT_MANAGER_API_PORT: '0'},
		});
	}

	async down(): Promise<void> {
		await this.compose('down', '--volumes', '--timeout', '1');
	}

	/** Where the orchestrator is reached. */
	async url(): Promise<string> {
		this.#url ??= this.container('orchestrator').then(async id => `http://${await run('docker', ['port', id, '5001'])}`);
		return this.#url;
	}

	/** The container of a service. */
	async container(service: string): Promise<string> {
		return this.compose('ps', '--quiet', service);
	}

	/** Kills the container of a service, does something, and starts it again: on a port of its own, another one then. */
	async killed(service: string, meanwhile: () => Promise<unknown>): Promise<void> {
		const id = await this.container(service);
		await run('docker', ['kill', id]);
		await meanwhile();
		await run('docker', ['start', id]);
		this.#url = undefined;
	}

	/** Ids of what the engine has of this project. */
	async left(): Promise<readonly string[]> {
		const label = ['--quiet', '--filter', `label=com.docker.compose.project=${this.name}`];
		const lists = [
			['ps', '--all'],
			['volume', 'ls'],
			['network', 'ls'],
		].map(list => run('docker', [...list, ...label]));
		return (await Promise.all(lists)).flatMap(list => list.split('\n')).filter(id => id !== '');
	}
}
