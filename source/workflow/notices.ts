import type {Workflow} from '../model/workflow.ts';
import {localAgentName} from '../model/workflow.ts';
import type {Mapping} from './canonical.ts';
import {isMapping} from './canonical.ts';
import type {Findings} from './findings.ts';
import {didYouMean} from './suggest.ts';

/** Keys of an agent that shape a container, and mean nothing to a process on the orchestrator's own host. */
const containerKeys = [
	'image',
	'volume',
	'volumes',
	'network',
	'ports',
	'resources',
	'user',
	'pull_policy',
	'readiness_probe',
	'driver_options',
];

/** Says what is valid in a workflow and yet perhaps not what its author meant. `document`: the file it was built from. */
export function noticeOddities(workflow: Workflow, document: Mapping, notices: Findings): void {
	noticeForeignAgents(workflow, notices);
	noticeForeignLabels(workflow, notices);
	noticeContainerKeys(workflow, document, notices);
}

function noticeForeignAgents(workflow: Workflow, notices: Findings): void {
	const known = new Set([localAgentName, ...workflow.agents.map(({name}) => name)]);
	for (const [index, {agent, image, mould}] of workflow.tasks.entries()) {
		if (mould !== undefined || !('name' in agent) || known.has(agent.name)) continue;
		const suggestion = didYouMean(agent.name, known);
		known.add(agent.name);
		const consequence = image === undefined ? 'the task waits until it is registered' : 'it must be deployed before the run';
		notices.add(`agent \`${agent.name}\` is not declared here: ${consequence}${suggestion}`, ['tasks', index, 'agent']);
	}
}

/** Labels that no agent of the file has. A file without agents counts on registered ones anyway. */
function noticeForeignLabels({tasks, agents}: Workflow, notices: Findings): void {
	const told = new Set<string>();
	for (const [index, {agent}] of tasks.entries()) {
		if (agents.length === 0 || 'name' in agent) continue;
		const lacking = agents.map(({labels}) => Object.entries(agent.labels).filter(([key, value]) => labels[key] !== value));
		const fewest = Math.min(...lacking.map(({length}) => length));
		const wanted = JSON.stringify(agent.labels);
		if (fewest === 0 || told.has(wanted)) continue;
		told.add(wanted);
		const nearest = lacking.findIndex(({length}) => length === fewest);
		const lacks = lacking[nearest]?.map(([key, value]) => `${key}=${value}`).join(', ');
		const message = `no agent of this file has these labels: the task waits until one registers; the nearest, \`${agents[nearest]?.name}\`, lacks ${lacks}`;
		notices.add(message, ['tasks', index, 'agent', 'labels']);
	}
}

/** The same file runs on another type of agent by changing `type`, so these keys are no faults of a local one. */
function noticeContainerKeys({agents}: Workflow, document: Mapping, notices: Findings): void {
	const written = Array.isArray(document.agents) ? document.agents : [];
	for (const [index, {name, type}] of agents.entries()) {
		const keys: unknown = written[index];
		if (type !== 'local' || !isMapping(keys)) continue;
		for (const key of containerKeys) {
			if (!Object.hasOwn(keys, key)) continue;
			notices.add(`\`${key}\` has no effect: agent \`${name}\` is a process on this host, not a container`, ['agents', index, key], {
				at: 'key',
			});
		}
	}
}
