import type {LookupAddress} from 'node:dns';
import {expect, test} from 'vitest';
import type {Resolver} from '../../source/agents/address.ts';
import {isDiallable, lookUp, urlProblem} from '../../source/agents/address.ts';

test.each([
	...['127.0.0.1', '10.1.2.3', '172.17.0.2', '192.168.1.1', '100.64.0.1', '8.8.8.8'],
	...['::1', 'fd00::1', '2001:db8::1', '::ffff:10.1.2.3', '::ffff:127.0.0.1'],
])('%s may be dialled', address => {
	expect(isDiallable(address)).toBe(true);
});

test.each([
	...['169.254.169.254', '169.254.0.1', '100.100.100.200', '0.0.0.0', '0.1.2.3', '224.0.0.1', '239.255.255.255', '255.255.255.255'],
	...['::', 'fe80::1', 'febf::1', 'ff02::1', 'fd00:ec2::254', 'fd20:ce::254'],
	...['::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '::ffff:100.100.100.200', '64:ff9b::169.254.169.254', '2002:a9fe:a9fe::1'],
	...['', 'localhost', '169.254.169.254.', '10.1.2'],
])('%j may not', address => {
	expect(isDiallable(address)).toBe(false);
});

test.each(['http://localhost:5000', 'https://agent.example/path/', 'http://127.0.0.1:1', 'http://[::1]:5000', 'http://10.0.0.1'])(
	'%s can be the URL of an agent',
	url => {
		expect(urlProblem(url)).toBeUndefined();
	},
);

test.each([
	['http://169.254.169.254/latest/meta-data', 'must not point to 169.254.169.254'],
	['http://2852039166', 'must not point to 169.254.169.254'],
	['http://0251.0376.0251.0376', 'must not point to 169.254.169.254'],
	['http://[::ffff:169.254.169.254]', 'must not point to'],
	['http://[fe80::1]:5000', 'must not point to fe80::1'],
	['file:///etc/passwd', 'must be an http or https URL'],
	['agent:5000', 'must be an http or https URL'],
	['', 'must be an http or https URL'],
	['http://user@host', 'without user name and password'],
	['http://host/?x', 'without query'],
	['http://host/#x', 'without query and fragment'],
])('%s cannot: %s', (url, words) => {
	expect(urlProblem(url)).toContain(words);
});

/** What a look-up that finds these addresses comes to. */
function lookedUp(found: readonly string[], all: boolean): Promise<unknown> {
	const addresses = found.map((address): LookupAddress => ({address, family: address.includes(':') ? 6 : 4}));
	const resolver: Resolver = (_host, _options, done) => done(null, addresses);
	return new Promise((resolve, reject) => {
		lookUp(resolver, 'agent.example', {all}, (error, address) => (error ? reject(error) : resolve(address)));
	});
}

test('what a name resolves to counts, all of it, whenever a connection is made', async () => {
	expect(await lookedUp(['10.0.0.1', '::1'], false)).toBe('10.0.0.1');
	expect(await lookedUp(['10.0.0.1'], true)).toEqual([{address: '10.0.0.1', family: 4}]);
	for (const all of [true, false]) {
		await expect(lookedUp(['10.0.0.1', '169.254.169.254'], all)).rejects.toMatchObject({
			code: 'forbidden',
			message: expect.stringContaining('agent.example, which is 169.254.169.254, is not dialled'),
		});
		await expect(lookedUp(['::ffff:a9fe:a9fe'], all)).rejects.toMatchObject({code: 'forbidden'});
		await expect(lookedUp([], all)).rejects.toMatchObject({message: 'agent.example has no address'});
	}
});
