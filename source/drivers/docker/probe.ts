/** A readiness probe as it is used: every default filled in, times in milliseconds. */
export type ReadinessProbe = {
	readonly initialDelayMs: number;
	readonly periodMs: number;
	readonly timeoutMs: number;
	/** So many times in a row. */
	readonly successes: number;
} & ProbeWay;

type ProbeWay =
	| {readonly type: 'exec'; readonly command: readonly string[]}
	| {readonly type: 'tcp'; readonly port: number}
	| {readonly type: 'http'; readonly port: number; readonly path: string; readonly secure: boolean; readonly headers: Headers};

type Values = Readonly<Record<string, unknown>>;

/** What a probe asks for that a container does not have, in words. */
export function readinessProblems(probe: Values | undefined): string[] {
	const way = (probe?.httpGet ?? probe?.tcpSocket) as Values | undefined;
	if (way === undefined) return [];
	return [
		...(typeof way.port === 'number'
			? []
			: [`\`readiness_probe\`: port ${String(way.port)} must be a number: ports of a container have no names.`]),
		...(way.host === undefined ? [] : ['`readiness_probe`: `host` is not possible: the container itself is asked.']),
	];
}

/** Reads Kubernetes' keys, which the workflow's schema has checked; undefined where there is no probe. */
export function readinessProbe(probe: Values | undefined): ReadinessProbe | undefined {
	if (probe === undefined) return undefined;
	const way = wayOf(probe);
	if (way === undefined) return undefined;
	const seconds = (key: string, absent: number) => (typeof probe[key] === 'number' ? probe[key] : absent) * 1000;
	return {
		initialDelayMs: seconds('initialDelaySeconds', 0),
		periodMs: seconds('periodSeconds', 10),
		timeoutMs: seconds('timeoutSeconds', 1),
		successes: typeof probe.successThreshold === 'number' ? probe.successThreshold : 1,
		...way,
	};
}

function wayOf({exec, tcpSocket, httpGet}: Values): ProbeWay | undefined {
	if (isValues(exec) && Array.isArray(exec.command)) return {type: 'exec', command: exec.command.map(String)};
	if (isValues(tcpSocket) && typeof tcpSocket.port === 'number') return {type: 'tcp', port: tcpSocket.port};
	if (!isValues(httpGet) || typeof httpGet.port !== 'number') return undefined;
	const {port, path = '/', scheme, httpHeaders} = httpGet;
	const headers = Array.isArray(httpHeaders) ? httpHeaders.filter(isValues) : [];
	return {
		type: 'http',
		port,
		path: String(path),
		secure: scheme === 'HTTPS',
		headers: new Headers(headers.map(({name, value}) => [String(name), String(value)])),
	};
}

function isValues(value: unknown): value is Values {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
