/**
 * TLS options for one server alone: the one that shows this very certificate (PEM), whoever signed it and whatever name it is reached
 * by. How an owner's own clients and agents reach it when its certificate is one that nobody else vouches for.
 */
export function pinnedTo(certificate: string) {
	return {
		ca: certificate,
		// It need not be an authority, nor signed by one that is known.
		allowPartialTrustChain: true,
		checkServerIdentity: (_host: string, {raw}: {readonly raw: Uint8Array}): Error | undefined =>
			Buffer.from(raw).equals(derOf(certificate)) ? undefined : new Error('the server shows another certificate than its endpoint file'),
	};
}

function derOf(certificate: string): Buffer {
	const [, base64 = ''] = /-----BEGIN CERTIFICATE-----([\s\S]+?)-----END CERTIFICATE-----/.exec(certificate) ?? [];
	return Buffer.from(base64, 'base64');
}
