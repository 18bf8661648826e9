/**
 * The one rule for tests that need what not every machine has: they are passed over and say so, unless `BYOAI_TEST_REQUIRE` names it
 * (`docker`, several with commas): then they fail. `reason`: why it cannot be had here; undefined: it can.
 */
export function reasonToPassOver(name: string, reason: string | undefined): string | undefined {
	const isRequired = (process.env.BYOAI_TEST_REQUIRE ?? '').split(',').includes(name);
	if (reason !== undefined && isRequired) throw new Error(`BYOAI_TEST_REQUIRE asks for ${name}: ${reason}`);
	return reason;
}
