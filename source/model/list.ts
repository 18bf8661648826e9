/**
 * What a run's lists can be asked. An array, as it comes from the disk, is one; the scheduler's own (`scheduler/long-list.ts`,
 * `scheduler/queue.ts`, `scheduler/ready-tasks.ts`) are others, of which a changed copy costs the same whether they are short or long. As JSON all
 * are arrays.
 */
export type Items<Item> = Iterable<Item> & {readonly length: number};

/** Items that have their numbers, from 0. */
export type List<Item> = Items<Item> & {at(index: number): Item | undefined; entries(): Iterable<[number, Item]>};
