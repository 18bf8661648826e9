import {describe, expect, test} from 'vitest';
import type {AccessOptions, Caller} from '../../agent/access.ts';
import {Access, isLoopback} from '../../agent/access.ts';
import {dialToken} from '../../source/protocol/dial-token.ts';

const home: Caller = {address: '127.0.0.1', host: '127.0.0.1:5000'};
const away: Caller = {address: '10.0.0.7', host: '10.0.0.2:5000'};

function admit(options: Partial<AccessOptions>, caller: Caller) {
	return () => new Access({agent: 'builder', open: false, ...options}).admit(caller);
}

function thrownBy(act: () => void): unknown {
	try {
		act();
	} catch (error) {
		return error;
	}
	throw new Error('nothing was thrown');
}

test.each([
	['127.0.0.1', true],
	['127.255.0.3', true],
	['::1', true],
	['::ffff:127.0.0.1', true],
	['10.0.0.7', false],
	['::ffff:10.0.0.7', false],
	['fe80::1', false],
	['', false],
])('%s is of this host: %s', (address, expected) => {
	expect(isLoopback(address)).toBe(expected);
});

describe('with a token', () => {
	const token = 'secret';

	test.each([
		['the token itself', token],
		['what an orchestrator derives from it', dialToken(token, 'builder')],
	])('%s is good, from anywhere', (_, bearer) => {
		for (const caller of [home, away]) expect(admit({token}, {...caller, authorization: `Bearer ${bearer}`})).not.toThrow();
	});

	test.each([
		['none', undefined],
		['a wrong one', 'Bearer secrets'],
		['another scheme', 'Basic secret'],
		['what derives from it for another agent', `Bearer ${dialToken(token, 'other')}`],
		['what derives from another', `Bearer ${dialToken('other', 'builder')}`],
	])('%s is not, on this host neither, nor with BYOAI_AUTH=none', (_, authorization) => {
		for (const caller of [home, away]) {
			const attempt = admit({token, open: true}, {...caller, ...(authorization !== undefined && {authorization})});
			expect(thrownBy(attempt)).toMatchObject({code: 'unauthorized'});
		}
	});

	test('the derived one is what the protocol says', () => {
		expect(dialToken('secret', 'builder')).toBe('sccO-cNT3maHU6ruiJ2dSBypDHHQSAsukpNsPOOirFI');
	});
});

describe('without a token', () => {
	test('this host is served, others are told what to do', () => {
		expect(admit({}, home)).not.toThrow();
		expect(thrownBy(admit({}, away))).toMatchObject({code: 'unauthorized', message: expect.stringContaining('start it with BYOAI_TOKEN')});
		expect(admit({open: true}, away)).not.toThrow();
	});

	test.each<[string, Partial<Caller>]>([
		['of a foreign page', {origin: 'https://evil.example'}],
		['of a page without an origin', {origin: 'null'}],
		['by a name that was made to point here', {host: 'evil.example:5000'}],
		['without a host', {host: ''}],
	])('a request %s is refused', (_, change) => {
		for (const open of [false, true]) expect(thrownBy(admit({open}, {...home, ...change}))).toMatchObject({code: 'forbidden'});
	});

	test.each(['localhost:5000', '[::1]:5000', '127.0.0.1', 'builder:5000'])('%s is no name of a web page', host => {
		expect(admit({}, {...home, host, origin: `http://${host}`})).not.toThrow();
	});
});
