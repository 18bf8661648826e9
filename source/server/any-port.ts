import {ByoaiError} from '../model/error.ts';
import type {Certificate} from './certificate.ts';
import type {Listening} from './listen.ts';
import type {Server} from './server.ts';

type Place = {
	readonly host: string;
	readonly port: number;
	/** Content with any free port, where that one is taken. */
	readonly isAnyFine: boolean;
	readonly certificate: Certificate | undefined;
};

/** Listens at a port, or at any free one. Rejects with `unavailable` where that cannot be. */
export async function listenSomewhere(server: Server, {host, port, isAnyFine, certificate}: Place): Promise<Listening> {
	try {
		return await server.listen({host, port, certificate});
	} catch (error) {
		if (!isPortTaken(error) || !isAnyFine) throw error;
		return server.listen({host, port: 0, certificate});
	}
}

function isPortTaken(error: unknown): boolean {
	const cause = error instanceof ByoaiError ? error.cause : undefined;
	return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
}
