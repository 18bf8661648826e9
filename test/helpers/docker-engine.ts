import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import type {TestContext} from 'vitest';

const execute = promisify(execFile);

/** What the image files begin with. */
const baseImage = 'node:26-bookworm-slim';

/** Runs a program that is not the product's; resolves with its standard output. Rejects with what it said when it fails. */
export async function run(
	program: string,
	argv: readonly string[],
	options: {cwd?: string; env?: NodeJS.ProcessEnv} = {},
): Promise<string> {
	const {stdout} = await execute(program, argv, {...options, maxBuffer: 64 * 1024 * 1024});
	return stdout.trim();
}

/** Passes a test over, and says why, where no engine answers; fails instead where `BYOAI_TEST_REQUIRE=docker` says that one must. */
export async function needsDocker(context: TestContext): Promise<void> {
	problem ??= dockerProblem();
	skipOrFail(context, await problem);
}

/** The same, where there is no Compose; resolves with how it is called: 2 is a part of `docker`, 1 a program of its own. */
export async function needsCompose(context: TestContext): Promise<readonly string[]> {
	await needsDocker(context);
	compose ??= findCompose();
	const found = await compose;
	skipOrFail(context, found === undefined ? 'no Docker Compose: neither `docker compose` nor `docker-compose` answers' : undefined);
	return found ?? [];
}

let problem: Promise<string | undefined> | undefined;
let compose: Promise<readonly string[] | undefined> | undefined;

function skipOrFail(context: TestContext, reason: string | undefined): void {
	const isRequired = (process.env.BYOAI_TEST_REQUIRE ?? '').split(',').includes('docker');
	if (reason !== undefined && isRequired) throw new Error(`${reason}, and BYOAI_TEST_REQUIRE asks for it`);
	context.skip(reason !== undefined, `${reason}`);
}

async function dockerProblem(): Promise<string | undefined> {
	if (!(await succeeds('docker', ['version']))) return 'no Docker engine answers';
	if (await succeeds('docker', ['image', 'inspect', baseImage])) return undefined;
	return (await succeeds('docker', ['pull', '--quiet', baseImage])) ? undefined : `the Docker engine neither has nor gets ${baseImage}`;
}

async function findCompose(): Promise<readonly string[] | undefined> {
	if (await succeeds('docker', ['compose', 'version'])) return ['docker', 'compose'];
	return (await succeeds('docker-compose', ['version'])) ? ['docker-compose'] : undefined;
}

async function succeeds(program: string, argv: readonly string[]): Promise<boolean> {
	return run(program, argv).then(
		() => true,
		() => false,
	);
}
