import {createHmac} from 'node:crypto';

/**
 * The token for one `name` (an instance, say) and one `purpose`, derived from the state directory's key: nothing is stored, and it is
 * the same after a restart. 64 hexadecimal digits: HMAC-SHA256 of purpose and name with a NUL between, which neither may hold.
 */
export function deriveToken(key: Uint8Array, purpose: string, name: string): string {
	return createHmac('sha256', key).update(`${purpose}\0${name}`).digest('hex');
}
