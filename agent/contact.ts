import type {Agent} from './agent.ts';
import {Dialled} from './dialled.ts';
import {Exchange} from './exchange.ts';
import type {Registration} from './orchestrator.ts';
import {Orchestrator} from './orchestrator.ts';
import {OwnWorkflow} from './own-workflow.ts';
import {serve} from './serve.ts';
import type {AgentSettings} from './settings.ts';

/** How the agent and its orchestrator get at each other, and others at the agent. */
export type Contact = {
	/** Since when the orchestrator was not heard from, milliseconds. */
	silentMs(): number;
	/** Goes on until all outcomes are settled, for a few seconds at most, and ends. */
	close(): Promise<void>;
};

type Say = (message: string) => void;

/** How long a stopping agent tries to report the last outcomes. */
const farewellMs = 3000;

/**
 * Pull, where the agent is told of an orchestrator; else it waits to be dialled. It listens unless it is an instance of the
 * local driver, of which there may be hundreds on a host and which nobody else is to use. Rejects with `unavailable` when it
 * cannot listen.
 */
export async function meet(settings: AgentSettings, agent: Agent, say: Say): Promise<Contact> {
	if (settings.instanceDirectory !== undefined) return pull(settings, agent, say, undefined);
	if (settings.url === undefined && settings.endpointFile === undefined) return push(settings, agent, say);
	const serving = await serve({settings, agent, dialled: undefined, say});
	const contact = pull(settings, agent, say, settings.advertisedUrl ?? serving.url);
	return {
		...contact,
		async close() {
			await contact.close();
			await serving.close();
		},
	};
}

function pull(settings: AgentSettings, agent: Agent, say: Say, ownUrl: string | undefined): Contact {
	const {name, slots, labels, url, endpointFile, token, instanceDirectory, workflow: file} = settings;
	const orchestrator = new Orchestrator({
		agent: name,
		...(url !== undefined && {url}),
		...(endpointFile !== undefined && {endpointFile}),
		...(token !== undefined && {token}),
	});
	const workflow = file === undefined ? undefined : new OwnWorkflow({file, session: agent.session.id, orchestrator, say});
	const registration: Registration = {
		name,
		type: 'local',
		mode: 'pull',
		slots,
		labels,
		...(ownUrl !== undefined && URL.canParse(ownUrl) && {url: ownUrl}),
	};
	const exchange = new Exchange({
		agent,
		orchestrator,
		// Who deployed an instance knows it; one that is not known any more was removed, and does not come back by itself.
		...(instanceDirectory === undefined && {registration}),
		...(workflow && {onHeard: () => void workflow.handIn()}),
		say,
	});
	exchange.start();
	return {
		silentMs: () => exchange.silentMs,
		async close() {
			workflow?.close();
			await exchange.close(farewellMs);
		},
	};
}

async function push(settings: AgentSettings, agent: Agent, say: Say): Promise<Contact> {
	const dialled = new Dialled({agent, say});
	const serving = await serve({settings, agent, dialled, say});
	say(
		`waits to be registered: POST {"name": "${settings.name}", "url": "${settings.advertisedUrl ?? serving.url}"} to /register of an orchestrator`,
	);
	if (settings.workflow !== undefined) say('AGENT_WORKFLOW is not run: without ORCHESTRATOR_URL there is nobody to hand it to');
	return {
		silentMs: () => 0,
		async close() {
			await dialled.close(farewellMs);
			await serving.close();
		},
	};
}
