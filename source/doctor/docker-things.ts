import {existsSync} from 'node:fs';
import {hostname} from 'node:os';
import type {Check, Finding} from './check.ts';
import {note, ok, problem, warning} from './check.ts';
import type {Place} from './place.ts';
import {engineAnswers} from './place.ts';
import {size, spaceFor} from './space.ts';

/** What no registry has. */
const ownImage = 'byoai-agent:latest';
const interfaces = '/sys/class/net';

/** Whether the image is there of agents that name none. */
export const dockerImage: Check = {
	name: 'image',
	find: async place => ((await engineAnswers(place)) ? [await imageOf(place)] : []),
};

async function imageOf({config: {docker}, docker: engine}: Place): Promise<Finding> {
	const {image} = docker;
	const found = await engine.image(image);
	if (found !== undefined) return ok(`Image ${image} is there (${size(found.bytes)}), for agents that name none.`);
	if (image === ownImage) {
		return warning(
			`Image ${image}, which agents have that name none, is not there.`,
			'`npm run images` in a checkout of byoai builds it; or name another in AGENT_IMAGE',
		);
	}
	return note(
		`Image ${image} (AGENT_IMAGE) is not there yet: the first agent that needs it pulls it.`,
		`\`docker pull ${image}\` does so now`,
	);
}

/** Whether the network is there of agents that name none. */
export const dockerNetwork: Check = {
	name: 'network',
	find: async place => ((await engineAnswers(place)) ? [await networkOf(place)] : []),
};

async function networkOf({config: {docker}, docker: engine}: Place): Promise<Finding> {
	const {network} = docker;
	const found = await engine.network(network);
	if (found === undefined) {
		return problem(
			`Network ${network} (DEFAULT_NETWORK), which agents have that name none, is not there.`,
			`\`docker network create ${network}\``,
		);
	}
	const {name, isRootless} = await engine.host();
	const {bridge} = found;
	const isInSight = name === hostname() && !isRootless && existsSync(interfaces);
	if (bridge !== undefined && isInSight && !existsSync(`${interfaces}/${bridge}`)) {
		return problem(
			`Network ${network} has lost its interface ${bridge}, so that no container of it starts: something removed it, a second engine perhaps.`,
			'`sudo systemctl restart docker` makes it anew',
		);
	}
	return ok(`Network ${network} is there.`);
}

/** Whether there is room for images and containers, where that can be seen from here. */
export const dockerSpace: Check = {
	name: 'docker disk',
	find: async place => {
		if (!(await engineAnswers(place))) return [];
		const {name, rootDirectory} = await place.docker.host();
		if (name !== hostname() || !existsSync(rootDirectory)) return [];
		return [await spaceFor('Docker’s images and containers', rootDirectory, place.config.limits.low_disk_bytes)];
	},
};
