import {expect, onTestFinished, test} from 'vitest';
import {kubernetesCluster, kubernetesRights, leftPods} from '../../source/doctor/kubernetes.ts';
import type {Holder} from '../../source/doctor/place.ts';
import type {KubernetesSurvey} from '../../source/drivers/kubernetes/survey.ts';
import {createKubernetesSurvey} from '../../source/drivers/kubernetes/survey.ts';
import {findings} from '../helpers/doctor-place.ts';
import type {FakeOptions} from '../helpers/fake-kubernetes/server.ts';
import {FakeKubernetes} from '../helpers/fake-kubernetes/server.ts';
import {StatusError} from '../helpers/fake-kubernetes/status.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {permissionsOf, rulesIn} from '../helpers/kubernetes-files.ts';
import {KubernetesPlace} from '../helpers/kubernetes-place.ts';

const images = {'agent-image': {argv: ['sleep', '1000']}};

async function openPlace(options: FakeOptions = {}): Promise<{place: KubernetesPlace; kubernetes: KubernetesSurvey}> {
	const place = await new KubernetesPlace({images, ...options}).open();
	const kubernetes = survey(place, place.kubeconfig);
	onTestFinished(async () => {
		await kubernetes.close();
		await place.close();
	});
	return {place, kubernetes};
}

function survey({owner, root}: KubernetesPlace, kubeconfig: string): KubernetesSurvey {
	const memory = `${root}/places.json`;
	return createKubernetesSurvey({defaults: {kubeconfig}, image: 'agent-image', memory, owner: async () => owner, answerMs: 5000});
}

const holder = (known: readonly string[], active: readonly string[] = []): (() => Promise<Holder>) => {
	const agents = async () => known.map(id => ({id, type: 'kubernetes'}));
	return async () => ({agents, isActive: async run => active.includes(run)});
};

test('no cluster is a note', async () => {
	expect(await findings(kubernetesCluster)).toEqual([
		{status: 'note', says: 'No Kubernetes cluster is configured. Only agents of type kubernetes need one.'},
	]);
	for (const check of [kubernetesRights, leftPods]) expect(await findings(check)).toEqual([]);
});

test('one that answers: version, address, namespace', async () => {
	const {place, kubernetes} = await openPlace();
	expect(await findings(kubernetesCluster, {kubernetes})).toEqual([
		{
			status: 'ok',
			says: `Kubernetes v1.34.9 answers at ${new URL(place.server.url).host} (context fake); pods go to namespace byoai.`,
		},
	]);
});

test('one that does not answer is a note, and a problem where somebody counts on it', async () => {
	const {place} = await openPlace();
	const gone = new FakeKubernetes();
	await gone.start();
	const kubeconfig = place.write('gone', gone.kubeconfig());
	await gone.close();
	const kubernetes = survey(place, kubeconfig);
	const says = expect.stringMatching(/^Kubernetes does not answer at 127\.0\.0\.1:\d+ \(context fake\): start the cluster/);
	expect(await findings(kubernetesCluster, {kubernetes})).toMatchObject([{status: 'note', says}]);
	expect(await findings(kubernetesCluster, {kubernetes, holder: holder(['a'])})).toMatchObject([{status: 'problem', says}]);
	const config = {kubernetes: {image: 'i', kubeconfig}};
	expect(await findings(kubernetesCluster, {kubernetes, config})).toMatchObject([{status: 'problem', says}]);
	expect(await findings(leftPods, {kubernetes})).toEqual([]);
});

test('each right is asked for, and the roles give all of them', async () => {
	const {place, kubernetes} = await openPlace({rules: []});
	const given = permissionsOf([...rulesIn('role.yaml'), ...rulesIn('role-outside.yaml')]);
	expect([...(await kubernetes.missingRights())].sort((a, b) => a.localeCompare(b))).toEqual(given);
	expect(await findings(kubernetesRights, {kubernetes})).toMatchObject([
		{status: 'warning', says: expect.stringMatching(/^In namespace byoai our user may not create pods, get pods, /)},
	]);
	expect(place.server.pods()).toEqual([]);
});

test('with all of them a pod is tried, and none is made', async () => {
	const {place, kubernetes} = await openPlace({rules: [...rulesIn('role.yaml'), ...rulesIn('role-outside.yaml')]});
	expect(await findings(kubernetesRights, {kubernetes})).toEqual([
		{status: 'ok', says: 'All that has to be done in namespace byoai is permitted.'},
	]);
	expect(place.server.pods()).toEqual([]);
	place.server.intercept = ({verb, resource}) =>
		verb === 'create' && resource === 'pods' ? new StatusError(404, 'NotFound', 'namespaces "byoai" not found') : undefined;
	expect(await findings(kubernetesRights, {kubernetes})).toMatchObject([
		{status: 'warning', says: expect.stringContaining('there is no namespace byoai (context fake)')},
	]);
});

test('pods that nobody knows are told of, and removed when that is wished: ours alone', async () => {
	const {place, kubernetes} = await openPlace();
	const driver = place.createDriver();
	for (const name of ['known', 'left', 'left~r0123456789a', 'other~r0123456789b'])
		await driver.start(instanceSpec(name, {type: 'kubernetes'}));
	const foreign = place.createDriver({owner: 'ffff'});
	await foreign.start(instanceSpec('left', {type: 'kubernetes'}));
	const given = {kubernetes, stateId: async () => place.owner, holder: holder(['known'], ['r0123456789a'])};
	const left = (found: Awaited<ReturnType<typeof findings>>) => found[0]?.leftovers?.map(({instance}) => instance);

	const told = await findings(leftPods, given);
	expect(told).toMatchObject([{status: 'problem', says: expect.stringMatching(/^2 pods of this state directory were left behind/)}]);
	expect(left(told)?.toSorted()).toEqual(['left', 'other~r0123456789b']);
	expect(place.server.pods()).toHaveLength(5);

	const cleaned = await findings(leftPods, {...given, clean: true});
	expect(cleaned).toMatchObject([{status: 'ok', says: '2 pods that nobody knew were removed.'}]);
	expect((await driver.list()).map(({name}) => name).sort()).toEqual(['known', 'left~r0123456789a']);
	expect((await foreign.list()).map(({name}) => name)).toEqual(['left']);
	expect(await findings(leftPods, given)).toEqual([{status: 'ok', says: 'No pod was left behind.'}]);
}, 30_000);
