import type {Mutant} from './mutate.ts';

const exchange = 'source/agents/exchange.ts';
const sessions = 'source/agents/sessions.ts';
const engine = 'source/engine/engine.ts';
const state = 'source/scheduler/state.ts';

const endAbsent = (which: string) => `for (const ref of engine.state.sessions.get(session)?.assigned ?? []) {
			const absent = !this.#sessions.holds(session, ref) && ${which};
			const outcome = {status: 'cancelled' as const};
			if (absent) await engine.offer({type: 'attempt-finished', at: clock.now(), ref, session, outcome, logBytes: 0});
		}
		await this.#takeOutcomes(report);`;

const appendLater = (
	type: string,
) => `if (events.some(({type}) => type === '${type}')) clock.after(400, () => void store.append({events, endedRuns}));
		else this.#sequence = store.append({events, endedRuns});`;

/** Rules that the orchestrator keeps. */
export const exchangeMutants: readonly Mutant[] = [
	{
		name: 'stale-reports',
		rule: '3: a Report that is not newer is not applied',
		file: sessions,
		find: 'if (before?.report !== undefined && report.number <= before.report.number) return false;',
		replace: '',
		seed: 3,
	},
	{
		name: 'absence-ends',
		rule: '3: absence from held never means ended',
		file: exchange,
		find: 'await this.#takeOutcomes(report);',
		replace: endAbsent('true'),
		seed: 3,
	},
	{
		name: 'new-session-replaces',
		rule: '5: a new session does not end the old one',
		file: exchange,
		find: `await engine.submit({type: 'session-opened'`,
		replace: `for (const {id, agent: other} of engine.state.sessions.values()) {
			if (other === agent) await engine.offer({type: 'session-lost', at: clock.now(), session: id, cause: 'replaced'});
		}
		await engine.submit({type: 'session-opened'`,
		seed: 39,
	},
	{
		name: 'no-margin',
		rule: '7: the orchestrator waits longer than the lease',
		file: sessions,
		find: 'const leaseMargin = 1.05;',
		replace: 'const leaseMargin = 1;',
		seed: 27044,
	},
	{
		name: 'lost-out-of-turn',
		rule: '7: a Report is not answered with a lease while its session is being lost',
		file: exchange,
		find: 'void this.#inTurn(session, () => this.#lose(session));',
		// The loss takes its time, so that a Report that comes meanwhile is often met.
		replace: `clock.after(400, () => void this.endSession(session, 'not heard from'));`,
		seed: 6545,
	},
	{
		name: 'no-fresh-lease',
		rule: '10: after a restart each session gets a fresh lease',
		file: exchange,
		find: 'this.#sessions.open(id, leaseMs, clock.monotonic());',
		replace: 'this.#sessions.open(id, 0 * leaseMs, clock.monotonic());',
		seed: 8,
	},
	{
		name: 'fresh-lease-by-setting',
		rule: '10: the fresh lease is as long as the one that was granted',
		file: exchange,
		find: 'this.#sessions.open(id, leaseMs, clock.monotonic());',
		replace: 'this.#sessions.open(id, Math.min(leaseMs, this.#options.settings.leaseMs), clock.monotonic());',
		seed: 111,
	},
	{
		name: 'cancelled-unheld-ends',
		rule: '13: a cancelled attempt never ends by not being held',
		file: exchange,
		find: 'await this.#takeOutcomes(report);',
		replace: endAbsent('engine.state.runs.get(ref.run)?.tasks.at(ref.task)?.stopping === true'),
		seed: 3,
	},
	{
		name: 'no-fencing',
		rule: '16: an outcome of an earlier attempt is refused',
		file: state,
		find: 'current?.number === ref.attempt && current.attempt.session === session',
		replace: 'current?.attempt.session === session',
		seed: 1,
	},
	{
		name: 'refused-not-settled',
		rule: '16: a refused outcome is settled',
		file: sessions,
		find: 'outcomes: report.outcomes.map(({ref}) => ref).filter(ref => !isCurrent(state, ref, id)),',
		replace: `outcomes: report.outcomes
					.flatMap(({ref, outcome}) => (outcome.status === 'lost' ? [] : [ref]))
					.filter(ref => !isCurrent(state, ref, id)),`,
		seed: 15,
	},
	{
		name: 'settled-too-early',
		rule: '18: an outcome is durable before it is settled',
		file: sessions,
		find: 'outcomes: report.outcomes.map(({ref}) => ref).filter(ref => !isCurrent(state, ref, id)),',
		replace: 'outcomes: report.outcomes.map(({ref}) => ref),',
		seed: 3,
	},
	{
		name: 'free-not-reconciled',
		rule: '17: room is what is free less what is on its way',
		file: sessions,
		find: 'return memory.report.free - assigned.filter(ref => !memory.held.has(attemptKey(ref))).length;',
		replace: 'return memory.report.free - 0 * assigned.length;',
		seed: 7,
	},
	{
		name: 'start-before-journal',
		rule: '18: an assignment is durable before it leaves',
		file: engine,
		find: 'this.#sequence = store.append({events, endedRuns});',
		replace: appendLater('attempt-assigned'),
		seed: 1,
	},
	{
		name: 'outcome-before-journal',
		rule: '18: an outcome is durable before it is settled',
		file: engine,
		find: 'this.#sequence = store.append({events, endedRuns});',
		replace: appendLater('attempt-finished'),
		seed: 5,
	},
	{
		name: 'log-ack-before-sync',
		rule: '18: output is durable before it is acknowledged',
		file: exchange,
		find: 'this.#ends.set(attemptKey(ref), await logs.append(ref, piecesOf(offset, chunks)));',
		replace: `const pieces = piecesOf(offset, chunks);
				const bytes = pieces.reduce((sum, {data}) => sum + data.length, 0);
				if (offset <= (this.#ends.get(attemptKey(ref)) ?? 0)) this.#ends.set(attemptKey(ref), offset + bytes);
				void logs.append(ref, pieces);`,
		seed: 3,
	},
	{
		name: 'outcome-before-logs',
		rule: '18: an outcome waits for its output',
		file: exchange,
		find: ' && (this.#ends.get(attemptKey(ref)) ?? 0) >= logBytes;',
		replace: ' && logBytes >= 0;',
		seed: 3,
	},
	{
		name: 'offset-trusted',
		rule: '18: output is never appended past a gap, nor twice',
		file: exchange,
		find: 'await logs.append(ref, piecesOf(offset, chunks))',
		replace: 'await logs.append(ref, piecesOf(Math.max(offset, this.#ends.get(attemptKey(ref)) ?? 0), chunks))',
		seed: 2,
	},
	{
		name: 'moved-agent-ends',
		rule: '5: a session with work is not ended by a newer registration',
		file: 'source/agents/contacts.ts',
		find: 'if (state !== undefined && state.assigned.length > 0 && !isTaken) continue;',
		replace: '',
		seed: 33,
	},
	{
		name: 'dialled-as-unknown',
		rule: '2: Orders that are dialled follow from the newest Report',
		file: 'source/agents/dial.ts',
		find: 'if (this.#heard !== undefined && sessions.has(this.#heard.session)) return this.#heard.session;',
		replace: `if (this.#heard !== undefined) return '';`,
		seed: 0,
	},
	{
		name: 'snapshot-replayed-twice',
		rule: 'replay: a snapshot stands for what came before it',
		file: engine,
		find: 'store.read(this.#sequence)',
		replace: 'store.read(Math.max(0, this.#sequence - 3))',
		seed: 8,
	},
	{
		name: 'nothing-recovered',
		rule: 'replay: what was commanded before a crash is commanded again',
		file: engine,
		find: 'for (const command of recover(this.#state)) this.#options.perform(command);',
		replace: 'recover(this.#state);',
		seed: 9,
	},
];
