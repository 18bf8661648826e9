import {createServer} from 'node:net';
import type {Check, Finding} from './check.ts';
import {note, ok, problem, warning} from './check.ts';
import {listenerAt} from './listener.ts';
import type {Place} from './place.ts';

const healthMs = 800;
const otherPort = 'choose another port: `--port 5101`, or AGENT_MANAGER_API_PORT';

/** Whether an orchestrator could listen where it would, or who does. */
export const port: Check = {name: 'port', find: async place => [await portOf(place)]};

async function portOf({config, holder}: Place): Promise<Finding> {
	const {host, port: number, portIsExplicit} = config;
	if (number === 0) return ok('Any free port is taken.');
	const trouble = await whyNotListen(host, number);
	if (trouble === undefined) return ok(`Port ${number} of ${host} is free.`);
	if (trouble !== 'EADDRINUSE') {
		const why = trouble === 'EACCES' ? 'this user may not listen there' : trouble;
		return problem(
			`Port ${number} of ${host} cannot be listened on: ${why}.`,
			trouble === 'EADDRNOTAVAIL' ? 'correct --host (BYOAI_HOST)' : otherPort,
		);
	}
	// Where the directory cannot be asked, its own check says so.
	const own = (await holder().catch(() => undefined))?.url;
	if (own !== undefined && URL.parse(own)?.port === String(number))
		return ok(`Port ${number} is that of this state directory’s orchestrator.`);
	const version = await orchestratorAt(number);
	if (version !== undefined) {
		const says = `At port ${number} an orchestrator of another state directory or user listens (byoai ${version}).`;
		return portIsExplicit ? problem(says, otherPort) : note(says, 'a single run takes any free port; a second manager needs `--port`');
	}
	const who = (await listenerAt(number)) ?? 'another program, whose name only root may see,';
	const says = `Port ${number} of ${host} is taken: ${who} listens there.`;
	return portIsExplicit ? problem(says, `end it, or ${otherPort}`) : warning(says, `for a manager, end it, or ${otherPort}`);
}

/** The system's error code; undefined: one can. */
function whyNotListen(host: string, number: number): Promise<string | undefined> {
	return new Promise(resolve => {
		const server = createServer();
		server.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
		server.listen({host, port: number, exclusive: true}, () => server.close(() => resolve(undefined)));
	});
}

/** The version of the orchestrator that answers there; undefined: none does, at least not without TLS. */
async function orchestratorAt(number: number): Promise<string | undefined> {
	try {
		const reply = await fetch(`http://127.0.0.1:${number}/health`, {signal: AbortSignal.timeout(healthMs), redirect: 'error'});
		const {protocol, version} = (await reply.json()) as {protocol?: unknown; version?: unknown};
		return typeof protocol === 'number' ? String(version) : undefined;
	} catch {
		return undefined; // something else: its name is looked for
	}
}
