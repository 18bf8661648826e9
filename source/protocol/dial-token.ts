import {createHmac} from 'node:crypto';

/**
 * The bearer token that an agent is dialled with: base64url of HMAC-SHA256 of `agent:` and its name under the orchestrator's token. Who
 * knows that token can tell that an orchestrator with the same one dials; who is dialled does not learn it, and no other agent's.
 */
export function dialToken(token: string, agent: string): string {
	return createHmac('sha256', token).update(`agent:${agent}`).digest('base64url');
}
