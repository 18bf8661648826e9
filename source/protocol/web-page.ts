/**
 * Why a request without a token is refused as one that a web page may have made; undefined when it cannot be. A page in a
 * browser on this host cannot hide its `Origin`, and a name that it makes point here (DNS rebinding) has dots.
 */
export function webPageRefusal(host: string, origin: string | undefined): string | undefined {
	const name = URL.parse(`http://${host}`)?.hostname ?? '';
	// A parsed address has one spelling: four decimal numbers, or brackets.
	const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(name) || name.startsWith('[');
	if (!isAddress && (name === '' || name.includes('.'))) {
		return `without a token only an IP address, localhost or a name without dots is served, not ${host}`;
	}
	if (origin !== undefined && URL.parse(origin)?.host !== host.toLowerCase()) {
		return `without a token no web page may call this API, and this request is one of ${origin}`;
	}
	return undefined;
}
