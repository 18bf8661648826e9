import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {loadAll} from 'js-yaml';
import type {Rule} from './fake-kubernetes/access.ts';
import type {KubeObject} from './fake-kubernetes/objects.ts';

export const deployment = join(import.meta.dirname, '../../deploy/kubernetes');

/** The objects of a file in deploy/kubernetes. */
export function objectsIn(file: string): readonly KubeObject[] {
	return loadAll(readFileSync(join(deployment, file), 'utf8')) as unknown as KubeObject[];
}

/** All files there, by name. */
export function deploymentFiles(): readonly string[] {
	return readdirSync(deployment).sort();
}

/** The rules of the only Role in a file. */
export function rulesIn(file: string): readonly Rule[] {
	const roles = objectsIn(file).filter(({kind}) => kind === 'Role');
	if (roles.length !== 1) throw new Error(`${file} has ${roles.length} roles`);
	return roles[0]?.rules as readonly Rule[];
}

/** Single permissions, as text: `create pods/proxy`. */
export function permissionsOf(rules: readonly Rule[]): readonly string[] {
	return rules
		.flatMap(({resources, verbs}) => resources.flatMap(resource => verbs.map(verb => `${verb} ${resource}`)))
		.sort((a, b) => a.localeCompare(b));
}

/** Why tests that need `kubectl` are passed over; undefined: it is here. */
export function whyNoKubectl(): string | undefined {
	try {
		execFileSync('kubectl', ['version', '--client'], {stdio: 'ignore'});
		return undefined;
	} catch {
		return 'kubectl';
	}
}
