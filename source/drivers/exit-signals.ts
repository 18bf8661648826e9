/** As a program's first process hands on how it was ended: 128 and the number of the signal. */
export const exitSignals: Readonly<Record<number, string>> = {
	129: 'SIGHUP',
	130: 'SIGINT',
	131: 'SIGQUIT',
	134: 'SIGABRT',
	137: 'SIGKILL',
	139: 'SIGSEGV',
	143: 'SIGTERM',
};
