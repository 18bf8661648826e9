import {resolve} from 'node:path';
import type {MountSettings} from 'dockerode';

/** Sockets that give whoever writes to them the whole host. */
const engineSocket = /(?:^|\/)(?:docker|containerd|podman)\.sock$/;

export type Volume = {
	/** Absolute path on the host, or the name of a volume. */
	readonly source: string;
	readonly isPath: boolean;
	readonly target: string;
	readonly readOnly: boolean;
};

/** `host:container[:ro]`. What has a slash, or begins with a dot, is a path, relative to `directory`; anything else is a named volume. */
export function parseVolume(text: string, directory: string): Volume {
	const [host = '', target = '', mode] = text.split(':');
	const isPath = host.includes('/') || host.startsWith('.');
	return {source: isPath ? resolve(directory, host) : host, isPath, target, readOnly: mode === 'ro'};
}

/** What cannot be mounted, in words for the author of the workflow. */
export function volumeProblems(volumes: readonly string[], directory: string): string[] {
	return volumes.flatMap(text => {
		const {source, isPath} = parseVolume(text, directory);
		if (!isPath) {
			if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(source)) return [];
			return [`\`volumes\`: ${source} can neither be a path (which has a slash) nor the name of a volume (letters, digits, \`_.-\`).`];
		}
		if (!engineSocket.test(source)) return [];
		return [
			`\`volumes\`: ${source} would give the agent, and every task in it, this whole host. If that is meant, say it in driver_options: {docker: {HostConfig: {Binds: ["${text}"]}}}.`,
		];
	});
}

export function mountOf({source, isPath, target, readOnly}: Volume): MountSettings {
	return {Type: isPath ? 'bind' : 'volume', Source: source, Target: target, ReadOnly: readOnly};
}
