/** Paths that the agent program, the client and the server share. All take JSON and answer JSON. */

/** `GET`: version and protocol; needs no token. */
export const healthPath = '/health';
/** In the answer to it: which start of which orchestrator this is. */
export const epochHeader = 'byoai-epoch';

/** `POST` a Registration: an agent makes itself known. */
export const registerPath = '/register';

/** `POST` a Report, answered by Orders: the agent protocol, dialled by the agent. */
export function exchangePath(agent: string): string {
	return `/v1/agents/${encodeURIComponent(agent)}/exchange`;
}

/** Whether this is the path of an exchange. */
export function isExchange(path: string): boolean {
	return /^\/v1\/agents\/[^/]+\/exchange$/.test(path);
}

/** `POST` `{session, text, file?}`: an agent hands in a workflow of its own, to be run once for this session with every task on itself. */
export function agentWorkflowPath(agent: string): string {
	return `/v1/agents/${encodeURIComponent(agent)}/workflow`;
}

/** `POST` Orders to an agent, answered by its Report: the agent protocol, dialled by the orchestrator. */
export const dialledExchangePath = '/v1/exchange';
/** In that request: the id of the state directory whose orchestrator dials. */
export const orchestratorHeader = 'byoai-orchestrator';

/** What an agent is told in place of `Authorization` where something stands between, which takes that for itself. */
export const agentAuthorizationHeader = 'byoai-authorization';

/** `POST` a TaskRequest to an agent, answered by a TaskReply when it has ended. */
export const taskPath = '/task';
