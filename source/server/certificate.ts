import {createPrivateKey, generateKeyPair, randomBytes, X509Certificate} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {isIP} from 'node:net';
import {hostname, networkInterfaces} from 'node:os';
import {promisify} from 'node:util';
import {ByoaiError, messageOf} from '../model/error.ts';
import {whyUnreadable} from '../model/unreadable.ts';

/** What a server shows of itself, and proves with its key; both PEM. */
export type Certificate = {readonly cert: string; readonly key: string};

/** Where a certificate of our own is kept, so that who trusts it need not learn it anew with each start. */
export type CertificateStore = {
	readonly readCertificate: () => Certificate | undefined;
	readonly keepCertificate: (certificate: Certificate) => void;
};

const validDays = 825;
/** One that ends sooner is replaced. */
const leastDaysLeft = 30;
const dayMs = 24 * 60 * 60 * 1000;
const keyBits = 2048;

/** The SHA-256 fingerprint, as browsers and `openssl x509 -fingerprint` show it. */
export function fingerprintOf({cert}: Certificate): string {
	return new X509Certificate(cert).fingerprint256;
}

/** A certificate from files. Throws `unavailable` when they cannot be read, are none, or do not belong together. */
export function readCertificateFiles(certFile: string, keyFile: string): Certificate {
	const cert = readText(certFile, 'certificate');
	const key = readText(keyFile, 'key');
	try {
		if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return {cert, key};
	} catch (error) {
		const reason = messageOf(error);
		throw new ByoaiError('unavailable', `${certFile} and ${keyFile} are no certificate and key in PEM: ${reason}`, {cause: error});
	}
	throw new ByoaiError('unavailable', `the key ${keyFile} is not that of the certificate ${certFile}`);
}

/** The self-signed certificate that is kept, or a new one: there was none, it is about to end, or is not for this host. */
export async function selfSigned(store: CertificateStore, listenHost: string, now: number): Promise<Certificate> {
	const host = listenHost.replace(/^\[(.*)\]$/, '$1');
	const kept = store.readCertificate();
	if (kept !== undefined && isGood(kept, host, now)) return kept;
	const made = await makeSelfSigned(namesOf(host), now);
	store.keepCertificate(made);
	return made;
}

/** By what names and addresses this host may be reached, as far as it knows them itself. */
function namesOf(host: string): string[] {
	const addresses = Object.values(networkInterfaces()).flatMap((of = []) => of.map(({address}) => address));
	return [...new Set(['localhost', hostname(), host, '127.0.0.1', '::1', ...addresses])];
}

function isGood({cert, key}: Certificate, host: string, now: number): boolean {
	try {
		const certificate = new X509Certificate(cert);
		const isForHost = (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
		const isLasting = certificate.validToDate.getTime() - now > leastDaysLeft * dayMs;
		return isForHost && isLasting && certificate.checkPrivateKey(createPrivateKey(key));
	} catch {
		return false; // damaged, or put there by somebody: ours to replace
	}
}

/** Takes a moment. It is no authority: it can vouch for nothing but itself. */
async function makeSelfSigned(names: readonly string[], now: number): Promise<Certificate> {
	const {default: forge} = await import('node-forge');
	const {publicKey, privateKey} = await promisify(generateKeyPair)('rsa', {
		modulusLength: keyBits,
		publicKeyEncoding: {type: 'spki', format: 'pem'},
		privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
	});
	const made = forge.pki.createCertificate();
	made.publicKey = forge.pki.publicKeyFromPem(publicKey);
	// Positive, as a serial number has to be.
	made.serialNumber = `00${randomBytes(16).toString('hex')}`;
	made.validity.notBefore = new Date(now - dayMs);
	made.validity.notAfter = new Date(now + validDays * dayMs);
	const subject = [{name: 'commonName', value: 'BYOAI Orchestrator'}];
	made.setSubject(subject);
	made.setIssuer(subject);
	made.setExtensions([
		{name: 'basicConstraints', cA: false, critical: true},
		{name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true},
		{name: 'extKeyUsage', serverAuth: true},
		{name: 'subjectAltName', altNames: names.map(name => (isIP(name) === 0 ? {type: 2, value: name} : {type: 7, ip: name}))},
	]);
	made.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
	return {cert: forge.pki.certificateToPem(made), key: privateKey};
}

function readText(file: string, what: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch (error) {
		throw new ByoaiError('unavailable', `the ${what} ${file} cannot be read: ${whyUnreadable(error)}`, {cause: error});
	}
}
