import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Driver} from '../../source/drivers/driver.ts';
import type {KubernetesDriverOptions} from '../../source/drivers/kubernetes/kubernetes.ts';
import {createKubernetesDriver} from '../../source/drivers/kubernetes/kubernetes.ts';
import {newOwner} from './docker.ts';
import type {FakeOptions} from './fake-kubernetes/server.ts';
import {FakeKubernetes} from './fake-kubernetes/server.ts';

/** A fake API server, and drivers that know it by a kubeconfig. */
export class KubernetesPlace {
	readonly owner = newOwner();
	readonly root = mkdtempSync(join(tmpdir(), 'byoai-kubernetes-'));
	readonly server: FakeKubernetes;
	readonly warnings: string[] = [];
	readonly #drivers: Driver[] = [];

	constructor(options: FakeOptions = {}) {
		this.server = new FakeKubernetes(options);
	}

	get kubeconfig(): string {
		return join(this.root, 'config');
	}

	async open(): Promise<this> {
		await this.server.start();
		writeFileSync(this.kubeconfig, this.server.kubeconfig('byoai', ['fake', 'second']));
		return this;
	}

	/** Keeps a text for as long as this is there; returns its path. */
	write(name: string, text: string): string {
		const path = join(this.root, name);
		writeFileSync(path, text);
		return path;
	}

	createDriver(changes: Partial<KubernetesDriverOptions> = {}): Driver {
		const driver = createKubernetesDriver({
			owner: this.owner,
			image: 'agent-image',
			defaults: {kubeconfig: this.kubeconfig},
			memory: join(this.root, 'places.json'),
			instanceEnvironment: () => ({}),
			stopGraceMs: 10_000,
			awayMs: 20_000,
			warn: message => this.warnings.push(message),
			...changes,
		});
		this.#drivers.push(driver);
		return driver;
	}

	async close(): Promise<void> {
		await Promise.all(this.#drivers.map(driver => driver.close()));
		await this.server.close();
		rmSync(this.root, {recursive: true, force: true});
	}
}
