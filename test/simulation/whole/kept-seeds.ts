/** Seeds of the second tier that failed once: they are lived through with every run of the tests. */
export const keptSeeds: readonly number[] = [
	// Output that a killed process had left in memory was acknowledged by the next, and lost with power.
	...[182, 210],
	// A sync of a log's index failed, and whoever opened it next took the record for good.
	...[12, 142, 147],
	// The same of the count of bytes that are not kept.
	155,
];
