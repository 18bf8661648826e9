/** Seeds of the second tier in which something broke once: they are lived through with every run of the tests. */
export const keptSeeds: readonly number[] = [
	// Output that a killed process had left in memory was acknowledged by the next, and lost with power.
	148,
	// A sync of a log's index failed, and whoever opened it next took the record for good.
	...[1, 12],
	// The same of the count of bytes that are not kept.
	155,
	// A sync failed, and what it was for could not be cut off: once closed, or found by the next life, it was taken for durable.
	...[9255, 9300],
	// A program was ended for its timeout by a clock that goes faster than its engine's, and the next life took that for somebody else's doing.
	31154,
];
