/** Units of Kubernetes' quantities, which count bytes as well as processors. */
const units: Readonly<Record<string, number>> = {
	n: 1e-9,
	u: 1e-6,
	m: 1e-3,
	'': 1,
	k: 1e3,
	K: 1e3,
	M: 1e6,
	G: 1e9,
	T: 1e12,
	P: 1e15,
	E: 1e18,
	Ki: 2 ** 10,
	Mi: 2 ** 20,
	Gi: 2 ** 30,
	Ti: 2 ** 40,
	Pi: 2 ** 50,
	Ei: 2 ** 60,
};

/** The number behind a quantity in Kubernetes' spelling (`500m`, `2`, `256Mi`, `1e3`); undefined when it is none. */
export function quantity(text: string): number | undefined {
	const found = /^(\d+\.?\d*|\.\d+)(?:([eE][+-]?\d+)|([KMGTPE]i|[numkKMGTPE]))?$/.exec(text.trim());
	if (found === null) return undefined;
	const [, digits = '', exponent = '', unit = ''] = found;
	return Number(digits + exponent) * (units[unit] ?? 1);
}
