import * as z from 'zod';
import {resources, volumes} from './schema-task.ts';
import {
	count,
	duration,
	environment,
	labels,
	list,
	mapping,
	matching,
	must,
	oneOf,
	scalarMatching,
	scalarText,
	text,
} from './schema-values.ts';

const portNumber = '(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])';
const port = scalarMatching(
	new RegExp(`^(?:(?:(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[\\da-fA-F:]+\\]):)?${portNumber}:)?${portNumber}(?:/(?:tcp|udp))?$`),
	'a port such as 8080, "8080:80" or "127.0.0.1:8080:80/tcp"',
);

const probePort = z.union([count(1, 65_535), text()], must('a port number, or the name of a port'));
export const httpHeader = mapping({name: text(), value: z.string(must('a string'))});
export const httpGet = mapping({
	path: text().optional(),
	port: probePort,
	host: text().optional(),
	scheme: oneOf(['HTTP', 'HTTPS']).optional(),
	httpHeaders: list(httpHeader, 'a list of {name, value}').optional(),
});
export const exec = mapping({command: list(text(), 'a list of strings').min(1, 'must not be empty')});
export const tcpSocket = mapping({port: probePort, host: text().optional()});
export const readinessProbe = mapping({
	httpGet: httpGet.optional(),
	exec: exec.optional(),
	tcpSocket: tcpSocket.optional(),
	initialDelaySeconds: count(0).optional(),
	periodSeconds: count(1).optional(),
	timeoutSeconds: count(1).optional(),
	successThreshold: count(1).optional(),
	failureThreshold: count(1).optional(),
});
const oneProbe = readinessProbe.refine(
	probe => [probe.httpGet, probe.exec, probe.tcpSocket].filter(way => way !== undefined).length === 1,
	'must have exactly one of httpGet, exec and tcpSocket',
);

const anything = z.record(z.string(), z.unknown(), must('a mapping of options')).superRefine(refuseNoNumbers);
/** `.nan` and `.inf` are numbers to YAML, and nothing to engines, clusters and the journal. */
function refuseNoNumbers(options: unknown, context: z.RefinementCtx): void {
	const look = (value: unknown, path: PropertyKey[]): void => {
		if (typeof value === 'number' && !Number.isFinite(value))
			context.addIssue({code: 'custom', path, message: `must be a number that JSON has, too, not ${value}`});
		if (Array.isArray(value)) for (const [index, inner] of value.entries()) look(inner, [...path, index]);
		else if (typeof value === 'object' && value !== null) for (const [key, inner] of Object.entries(value)) look(inner, [...path, key]);
	};
	look(options, []);
}

export const driverOptions = mapping({
	docker: anything.optional().describe('Added to what is sent to Docker'),
	kubernetes: anything.optional().describe('Added to what is sent to Kubernetes'),
});

export const agent = mapping(
	{
		name: matching(
			/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
			'up to 63 letters, digits, `_`, `.` or `-`, beginning with a letter or digit',
		).describe('Unique in the file'),
		type: oneOf(['local', 'docker', 'kubernetes']).optional().describe('What starts it; default docker with an image, else local'),
		image: matching(/^\S+$/, 'the name of an image').optional().describe('Image with an agent program in it; default AGENT_IMAGE'),
		volumes: volumes.optional().describe('Volumes, host:container[:ro]'),
		env: environment.optional().describe('Environment of its tasks, before every other'),
		workflow: text().optional().describe('A workflow file that the agent sees, run once for each of its starts'),
		replicas: count(1).optional().describe('How many like it; default 1'),
		slots: count(1).optional().describe('Tasks at once, for each replica; default 1'),
		labels: labels.optional().describe('Labels, for tasks that choose by them'),
		resources: resources.optional().describe('Resources of its instance'),
		network: text().optional().describe('Docker network; default DEFAULT_NETWORK'),
		ports: list(port, 'a list of ports').optional().describe('Ports to publish, [host:]container'),
		user: scalarText.optional().describe('User, or user:group, in the container'),
		pull_policy: oneOf(['always', 'missing', 'never']).optional().describe('When its image is pulled; default missing'),
		readiness_probe: oneProbe.optional().describe("Kubernetes' readiness probe"),
		start_timeout: duration(1).optional().describe('Until its agent program must have answered; default 60s'),
		lifetime: oneOf(['run', 'persistent', 'task']).optional().describe('How long an instance lives; default run'),
		driver_options: driverOptions.optional().describe('What does not map, by driver'),
	},
	'a mapping with at least `name`',
);

export type AgentInput = z.output<typeof agent>;
