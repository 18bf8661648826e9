import type {InstanceSpec} from '../../model/instance.ts';

type Options = {readonly user?: string; readonly warn: (message: string) => void};

/** Says aloud, once for each agent, what runs as root in its container: what it writes on the host belongs to root then. */
export function createRootNotice({user: own, warn}: Options): (spec: InstanceSpec) => void {
	const said = new Set<string>();
	return ({agent, command}) => {
		const user = agent.user ?? own;
		const [who, where] =
			command === undefined ? [`agent ${agent.name} runs`, 'its container'] : ['tasks with an image run', 'their containers'];
		if (user === undefined || !/^(?:0|root)(?::|$)/.test(user) || said.has(who)) return;
		said.add(who);
		const why = agent.user === undefined ? ', as byoai does here' : '';
		warn(`${who} as root in ${where}${why}; \`user\` names another`);
	};
}
