/** What is used of the handle that Node reads a terminal with. */
type Handle = {
	readonly readStop?: () => unknown;
	readonly readStart?: () => unknown;
	readonly setBlocking?: (isBlocking: boolean) => unknown;
};

/**
 * Stops this process from reading its terminal, so that a program that has it meanwhile gets every key: a stream that nobody listens to
 * goes on taking what comes. Reads again when what is returned is called.
 */
export function holdInput(stdin: NodeJS.ReadableStream & {readonly _handle?: Handle | null}): () => void {
	const handle = stdin._handle;
	handle?.readStop?.();
	return () => {
		// What a child inherits is made to wait, and would go on to.
		handle?.setBlocking?.(false);
		handle?.readStart?.();
	};
}
