import type {AgentSpec} from '../model/workflow.ts';

/** Whether two specifications ask for the same agent; the order of keys does not matter. */
export function isSameSpec(a: AgentSpec, b: AgentSpec): boolean {
	return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
	return JSON.stringify(value, (_, part: unknown) =>
		part !== null && typeof part === 'object' && !Array.isArray(part)
			? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
			: part,
	);
}
