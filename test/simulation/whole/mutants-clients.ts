import type {Mutant} from '../mutate.ts';

const events = 'source/server/events.ts';
const backlog = 'source/server/backlog.ts';
const mirror = 'source/client/mirror.ts';
const submit = 'source/server/submit.ts';

/** Rules of the API, its streams, and of those who use it. */
export const clientMutants: readonly Mutant[] = [
	{
		name: 'epoch-ignored',
		rule: 'events: ids of an earlier start of the orchestrator mean nothing',
		file: events,
		find: `id?.startsWith(\`\${epoch}-\`) ? id.slice(epoch.length + 1) : ''`,
		replace: `id?.split('-').at(-1) ?? epoch`,
		seed: 20,
	},
	{
		name: 'missed-not-sent',
		rule: 'events: who comes back is told what was missed',
		file: events,
		find: 'for (const {sequence, change} of missed) backlog.add(sequence, change);',
		replace: '',
		seed: 7,
	},
	{
		name: 'overflow-passed-over',
		rule: 'events: who is too slow gets a snapshot',
		file: events,
		find: 'if (backlog.overflowed) yield snapshot();',
		replace: 'if (backlog.overflowed) backlog.clear();',
		seed: 4,
	},
	{
		name: 'gone-not-told',
		rule: 'events: rows that are gone are told, also to who is slow',
		file: backlog,
		find: 'for (const id of gone) into.set(id, undefined);',
		replace: 'for (const id of gone) into.delete(id);',
		seed: 0,
	},
	{
		name: 'resumed-one-too-late',
		rule: 'events: it goes on after the last that was read',
		file: 'source/engine/views.ts',
		find: 'this.#kept.filter(kept => kept.sequence > sequence)',
		replace: 'this.#kept.filter(kept => kept.sequence > sequence + 1)',
		seed: 12,
	},
	{
		name: 'snapshot-added',
		rule: 'mirror: a snapshot replaces everything',
		file: mirror,
		find: 'for (const rows of [this.#runs, this.#tasks, this.#agents]) rows.clear();',
		replace: '',
		seed: 0,
	},
	{
		name: 'newer-row-passed-over',
		rule: 'mirror: a newer row takes the place of an older one',
		file: mirror,
		find: 'const newer = rows.filter(({id, version}) => version > (into.get(id)?.version ?? -1));',
		replace: 'const newer = rows.filter(({id}) => !into.has(id));',
		seed: 0,
	},
	{
		name: 'id-of-the-first',
		rule: 'events: a client goes on after the last one that it read',
		file: 'source/client/sse.ts',
		find: `if (field === 'id') id = value;`,
		replace: `if (field === 'id') id ||= value;`,
		seed: 0,
	},
	{
		name: 'line-cut-by-chunk',
		rule: 'streams: a line may come in several pieces',
		file: 'source/client/text-lines.ts',
		find: 'open = last;',
		replace: `open = '';`,
		seed: 0,
	},
	{
		name: 'chunk-lost-in-turn',
		rule: 'streams: a piece that was asked for is passed on later',
		file: 'source/server/stream.ts',
		find: 'this.#next ??= this.#chunks.next();',
		replace: 'this.#next = this.#chunks.next();',
		seed: 0,
	},
	{
		name: 'bytes-as-text',
		rule: 'logs: bytes that are no UTF-8 stay as they are',
		file: 'source/server/routes/logs.ts',
		find: 'const content = isUtf8(data) ?',
		replace: 'const content = isUtf8(data) || data.length > 0 ?',
		seed: 0,
	},
	{
		name: 'offset-passed-over',
		rule: 'logs: a reader goes on where it was',
		file: 'source/engine/follow.ts',
		find: 'for (let at = offset; !signal.aborted; ) {',
		replace: 'for (let at = Math.min(offset, 0); !signal.aborted; ) {',
		seed: 9,
	},
	{
		name: 'same-request-twice',
		rule: 'runs: a request that is under way is not taken a second time',
		file: submit,
		find: 'for (let of = this.#pendingThat(isSame); of !== undefined; of = this.#pendingThat(isSame)) await of.done.catch(() => undefined);',
		replace: 'this.#pendingThat(isSame);',
		seed: 13,
	},
	{
		name: 'repeated-request-begins',
		rule: 'runs: a repeated request gets its run',
		file: submit,
		find: 'const known = this.#ofRequest(keys) ??',
		replace: 'this.#ofRequest(keys);\n\t\tconst known =',
		seed: 0,
	},
];
