/** What a screen may do on the machine it runs on, beside drawing. */
export type Host = {
	/** Puts text into the terminal's clipboard, where that permits it. */
	readonly copy: (text: string) => void;
	/** Hands the terminal to a program until that ends; resolves with its exit status. Rejects when it cannot be started. */
	readonly run: (program: string, args: readonly string[]) => Promise<number>;
	/** What shows long text: `$PAGER`, as a shell understands it. */
	readonly pager: string;
	/** Absolute: where files are saved. */
	readonly directory: string;
};

/** OSC 52: the text becomes the clipboard of the terminal, through ssh as well. */
export function clipboardSequence(text: string): string {
	return `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`;
}
