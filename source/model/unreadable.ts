/** What stands in the way of reading a file, by the operating system's error code. */
const reasons: Readonly<Record<string, string>> = {
	ENOENT: 'it is not there',
	ENOTDIR: 'it is not there',
	EISDIR: 'it is a directory',
	EACCES: 'this user may not read it',
	EPERM: 'this user may not read it',
	ELOOP: 'its symbolic links lead in a circle',
};

/** Why a file cannot be read, in words that follow `… cannot be read: `. What a parser draws below its message is left out. */
export function whyUnreadable(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const known = 'code' in error ? reasons[String(error.code)] : undefined;
	return known ?? error.message.split('\n', 1)[0] ?? '';
}
