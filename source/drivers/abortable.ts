/** What `promise` brings, or a rejection with the signal's reason once it is aborted. What the promise stands for goes on. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
	const aborted = Promise.withResolvers<never>();
	const onAbort = () => aborted.reject(signal.reason);
	signal.addEventListener('abort', onAbort, {once: true});
	if (signal.aborted) onAbort();
	try {
		return await Promise.race([aborted.promise, promise]);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}
