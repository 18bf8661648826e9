import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {load} from 'js-yaml';
import {describe, expect, test} from 'vitest';
import {documentedBlocks} from '../helpers/documented.ts';

/** What the Dockerfile and the compose files promise, as far as that can be seen without an engine; test/e2e/compose.test.ts has the rest. */
const dockerfile = read('Dockerfile');
const compose = read('docker-compose.yml');
const byCurl = read('examples/compose/registered-by-curl.yml');

type Service = {
	readonly image: string;
	readonly build?: {readonly target: string};
	readonly command?: readonly string[];
	readonly environment: readonly string[];
	readonly ports?: readonly string[];
	readonly volumes?: readonly string[];
	readonly healthcheck?: object;
	readonly cap_drop?: readonly string[];
	readonly security_opt?: readonly string[];
	readonly group_add?: readonly string[];
	readonly privileged?: boolean;
};
type Compose = {readonly version?: string; readonly services: Readonly<Record<string, Service>>; readonly volumes: object};

function read(path: string): string {
	return readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
}

function service(text: string, name: string): Service {
	const found = (load(text) as Compose).services[name];
	if (found === undefined) throw new Error(`no service ${name}`);
	return found;
}

/** The lines of a stage, continued ones joined, by the name of the stage. */
function stages(): ReadonlyMap<string, readonly string[]> {
	const lines = dockerfile
		.replace(/^#.*\n/gm, '')
		.replace(/\\\n/g, ' ')
		.split('\n')
		.filter(line => line.trim() !== '');
	const found = new Map<string, string[]>();
	for (const line of lines) {
		const name = /^FROM \S+ AS (\S+)$/.exec(line)?.[1];
		if (name !== undefined) found.set(name, []);
		else [...found.values()].at(-1)?.push(line);
	}
	return found;
}

describe('docker-compose.yml', () => {
	const orchestrator = service(compose, 'orchestrator');
	const agent = service(compose, 'docker-agent');

	test('builds the two targets, under the names that `npm run images` gives them', () => {
		const {scripts} = JSON.parse(read('package.json')) as {scripts: Record<string, string>};
		for (const {image, build} of [orchestrator, agent]) {
			expect(stages().has(build?.target ?? '')).toBe(true);
			expect(scripts.images).toContain(`docker build --target ${build?.target} --tag ${image} .`);
		}
	});

	test('is read by Compose 1 and 2: no version, which one needs for old formats and the other warns of', () => {
		expect(Object.keys(load(compose) as Compose)).toEqual(['services', 'volumes']);
	});

	test('the orchestrator serves its network and this host alone, keeps its state, and reads the mounted workflows', () => {
		expect(orchestrator).toMatchObject({
			command: ['agent-manager-mode', '--no-tui'],
			ports: ['127.0.0.1:${AGENT_MANAGER_API_PORT:-5001}:5001'],
			volumes: ['./workflows:/app/workflows:ro', 'state:/var/lib/byoai'],
			healthcheck: {interval: '5s'},
		});
		const expected = ['BYOAI_HOST=0.0.0.0', 'BYOAI_AUTH=none', 'BYOAI_TOKEN=${BYOAI_TOKEN:-}', 'WORKFLOW_DIR=/app/workflows'];
		expect(orchestrator.environment).toEqual(expect.arrayContaining(expected));
		expect(dockerfile).toContain('BYOAI_STATE_DIR=/var/lib/byoai');
		expect(load(compose)).toMatchObject({volumes: {state: null}});
	});

	test('the agent registers itself, and publishes nothing', () => {
		expect(agent.environment).toEqual(
			expect.arrayContaining(['ORCHESTRATOR_URL=http://orchestrator:5001', 'BYOAI_TOKEN=${BYOAI_TOKEN:-}']),
		);
		expect(agent.environment.join(' ')).not.toContain('BYOAI_AUTH');
		expect(agent.ports).toBeUndefined();
	});

	test('nobody gets more rights than needed, least of all the socket', () => {
		for (const {cap_drop, security_opt, privileged, volumes = [], group_add} of [orchestrator, agent]) {
			expect({cap_drop, security_opt, privileged, group_add}).toEqual({cap_drop: ['ALL'], security_opt: ['no-new-privileges:true']});
			expect(volumes.join(' ')).not.toContain('docker.sock');
		}
	});

	test('the lines that give the socket work once they are no comments', () => {
		const withSocket = compose.replace(/# (- \/var\/run\/|group_add:)/g, '$1');
		const {volumes, group_add} = service(withSocket, 'orchestrator');
		expect(volumes).toContain('/var/run/docker.sock:/var/run/docker.sock');
		expect(group_add).toEqual(['${DOCKER_GID:-999}']);
	});
});

describe('examples/compose/registered-by-curl.yml', () => {
	test('stands in docs/docker.md as it is', () => {
		expect(documentedBlocks('docs/docker.md', 'yaml')).toContain(byCurl);
	});

	test('its agent has nobody to dial by the time it starts', () => {
		const {entrypoint} = service(byCurl, 'docker-agent') as Service & {entrypoint: readonly string[]};
		expect(entrypoint.at(-1)).toMatch(/^curl [\s\S]*register" &&\nunset ORCHESTRATOR_URL && exec node \/app\/agent\.js\n$/);
	});
});

describe('Dockerfile', () => {
	test('needs no BuildKit', () => {
		expect(dockerfile).not.toMatch(/<<|--mount|--chmod|--link|^# *syntax/m);
	});

	test.each(['orchestrator', 'agent'])('%s is not root, and says how it is', name => {
		const lines = stages().get(name) ?? [];
		expect(lines.filter(line => line.startsWith('USER'))).toEqual(['USER 10001:10001']);
		expect(lines.filter(line => /^(HEALTHCHECK .*\/health"|ENTRYPOINT \["tini", "-s", "--", )/.test(line))).toHaveLength(2);
	});

	test('the image of the agent has one file of ours', () => {
		expect(
			stages()
				.get('agent')
				?.filter(line => /^(COPY|ADD|RUN)/.test(line)),
		).toEqual(['COPY --from=build /build/dist/agent.js /app/agent.js']);
	});

	test('.dockerignore lets through what is copied, and nothing else', () => {
		const copied = (stages().get('build') ?? []).flatMap(line => /^COPY (.*) \S+$/.exec(line)?.[1]?.split(' ') ?? []);
		const [first, ...rest] = read('.dockerignore')
			.split('\n')
			.filter(line => line !== '' && !line.startsWith('#'));
		expect(first).toBe('*');
		expect(rest.toSorted()).toEqual(copied.map(path => `!${path}`).toSorted());
		expect(
			[...stages()]
				.filter(([name]) => name !== 'build')
				.flatMap(([, lines]) => lines.filter(line => /^(ADD|COPY (?!--from=build))/.test(line))),
		).toEqual([]);
	});
});
