import type {Mutant} from './mutate.ts';

const session = 'agent/session.ts';
const lease = 'agent/lease.ts';
/** The agent program around the session is simulated: its effects are broken there. */
const program = 'test/simulation/agent.ts';

/** Rules that the agent keeps. */
export const agentMutants: readonly Mutant[] = [
	{
		name: 'orders-without-session',
		rule: '1: Orders for another session are ignored',
		file: session,
		find: 'orders.session !== this.id || ',
		replace: '',
		seed: 829,
	},
	{
		name: 'stale-orders',
		rule: '2: Orders that answer less than what was applied are ignored',
		file: session,
		find: `orders.answers < this.#answered || sentAt === undefined) return nothing;
		this.#answered = orders.answers;
		for (const number of this.#sentAt.keys()) if (number < orders.answers) this.#sentAt.delete(number);`,
		replace: 'sentAt === undefined) return nothing;',
		seed: 36,
	},
	{
		name: 'unmentioned-stops',
		rule: '4: only `stop` stops',
		file: session,
		find: 'const stop = orders.stop.filter(ref => this.#isLiveOrForestalled(ref));',
		replace: `const mentioned = new Set(orders.acknowledged.logs.map(({ref}) => attemptKey(ref)));
		const unmentioned = this.live().filter(ref => !mentioned.has(attemptKey(ref)));
		const stop = [...orders.stop, ...unmentioned].filter(ref => this.#isLiveOrForestalled(ref));`,
		seed: 7,
	},
	{
		name: 'lease-from-receipt',
		rule: '7: the lease counts from sending',
		file: session,
		find: 'this.#lease = {from: sentAt,',
		replace: 'this.#lease = {from: now,',
		seed: 27,
	},
	{
		name: 'lease-unanswered',
		rule: '7: only a Report that is answered renews the lease',
		file: session,
		find: 'this.#sentAt.set(this.#number, now);',
		replace: 'this.#sentAt.set(this.#number, now);\n\t\tif (this.#lease) this.#lease = {...this.#lease, from: now};',
		seed: 79,
	},
	{
		name: 'resent-start-renews',
		rule: '7: a repeated start does not renew the lease',
		file: session,
		find: 'this.#lease = {from: sentAt,',
		replace: 'this.#lease = {from: orders.start.length > 0 ? now : sentAt,',
		seed: 27,
	},
	{
		name: 'monotonic-only',
		rule: '8: the larger of both clocks counts',
		file: lease,
		find: 'Math.max(now.monotonicMs - lease.from.monotonicMs, now.wallMs - lease.from.wallMs)',
		replace: 'now.monotonicMs - lease.from.monotonicMs',
		seed: 41,
	},
	{
		name: 'no-self-fencing',
		rule: '9: all work is dead by the end of the lease',
		file: program,
		find: '#guardLater(): void {\n\t\tconst {lease} = this.session;\n\t\tif (!lease) return;',
		replace: '#guardLater(): void {\n\t\tconst {lease} = this.session;\n\t\tif (lease) return;',
		seed: 31,
	},
	{
		name: 'no-watchdog',
		rule: '9: a watchdog kills for an agent that stands still',
		file: program,
		find: 'if (!this.alive || !this.#machine.isWatched || !lease) return;',
		replace: 'if (!this.alive || this.isPaused || !lease) return;',
		seed: 7,
	},
	{
		name: 'late-kill',
		rule: '9: killing starts before the end of the lease',
		file: lease,
		find: 'return Math.min(5000, leaseMs / 4);',
		replace: 'return Math.min(-3000, leaseMs);',
		seed: 27,
	},
	{
		name: 'start-without-lease',
		rule: '9: nothing is started in the window in which attempts are killed',
		file: session,
		find: 'this.mayStart(now) ? orders.start.filter(({ref}) => this.#hold(ref)) : []',
		replace: 'orders.start.filter(({ref}) => this.#hold(ref))',
		seed: 11,
	},
	{
		name: 'clock-after-waking',
		rule: '9: after waking the clock is looked at before anything else',
		file: program,
		find: 'this.#guard({atWaking: true});',
		replace: 'this.later(250, () => this.#guard({atWaking: true}));',
		seed: 47,
	},
	{
		name: 'first-contact-grants',
		rule: '11: Orders that answer no Report grant nothing',
		file: session,
		find: `const sentAt = this.#sentAt.get(orders.answers);
		if (orders.session !== this.id || orders.answers < this.#answered || sentAt === undefined) return nothing;
		this.#answered = orders.answers;`,
		replace: `const sentAt = orders.answers === 0 ? now : this.#sentAt.get(orders.answers);
		if (orders.session !== this.id || (orders.answers > 0 && orders.answers < this.#answered) || sentAt === undefined) return nothing;
		this.#answered = Math.max(this.#answered, orders.answers);`,
		seed: 10393,
	},
	{
		name: 'fenced-forgotten',
		rule: '12: an attempt is held until its outcome is settled',
		file: session,
		find: 'if (held) held.reported ??= {ref, outcome, logBytes};',
		replace: `if (outcome.status === 'lost') this.#held.delete(attemptKey(ref));\n\t\tif (held) held.reported ??= {ref, outcome, logBytes};`,
		seed: 7,
	},
	{
		name: 'stop-unknown-ignored',
		rule: '13: an attempt that is stopped before it came is never started',
		file: session,
		find: `		this.#hold(ref);
		this.finished(ref, {status: 'cancelled', reason: 'stopped before it started'}, 0);`,
		replace: '',
		seed: 5,
	},
	{
		name: 'dying-frees-slot',
		rule: '17: an attempt that is being killed occupies its slot',
		file: session,
		find: 'Math.max(0, this.slots - this.live().length - this.#occupied)',
		replace: 'this.slots',
		seed: 2,
	},
	{
		name: 'unsettled-forgotten',
		rule: '12: outcomes are repeated until acknowledged',
		file: session,
		find: 'outcomes: held.flatMap(({reported}) => (reported ? [reported] : [])),',
		replace: `outcomes: held.flatMap(entry => {
				if (!entry.reported) return [];
				this.#held.delete(attemptKey(entry.ref));
				return [entry.reported];
			}),`,
		seed: 1,
	},
];
