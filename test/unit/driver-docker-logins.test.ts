import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeEach, expect, onTestFinished, test} from 'vitest';
import {DockerLogins} from '../../source/drivers/docker/logins.ts';
import {dockerDriver} from '../helpers/docker-driver.ts';
import {json, startFakeEngine} from '../helpers/fake-engine.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

let directory: string;
let logins: DockerLogins;

beforeEach(context => {
	directory = temporaryDirectory(context.onTestFinished);
	logins = new DockerLogins({directory, environment: {PATH: `${join(directory, 'bin')}:/usr/bin:/bin`}});
});

const hub = 'https://index.docker.io/v1/';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const configured = (config: object) => writeFileSync(join(directory, 'config.json'), JSON.stringify(config));

/** A keychain: a script that gets the registry on its standard input, as `$server`. */
function keychain(name: string, script: string): void {
	mkdirSync(join(directory, 'bin'), {recursive: true});
	const path = join(directory, 'bin', `docker-credential-${name}`);
	writeFileSync(path, `#!/bin/sh\n[ "$1" = get ] || exit 9\nread -r server\n${script}\n`);
	chmodSync(path, 0o755);
}

test('nobody has logged in: anybody', async () => {
	expect(await logins.of('some/image')).toEqual({});
	configured({auths: {'other.example': {auth: base64('me:secret')}}});
	expect(await logins.of('some/image')).toEqual({});
});

test.each([
	['image', hub, hub],
	['some/image:1', hub, hub],
	['docker.io/some/image', hub, hub],
	['x.example/image', 'x.example', 'x.example'],
	['x.example:5000/a/b@sha256:00', 'x.example:5000', 'x.example:5000'],
	['localhost/image', 'localhost', 'localhost'],
	['x.example/image', 'https://x.example/v1/', 'x.example'],
])('%s: what the file has for %s', async (image, key, serveraddress) => {
	configured({auths: {[key]: {auth: base64('me:se:cret')}}});
	expect(await logins.of(image)).toEqual({auth: {serveraddress, username: 'me', password: 'se:cret'}});
});

test('a token stands in for the password', async () => {
	configured({auths: {'x.example': {auth: base64('me:'), identitytoken: 'token'}}});
	expect(await logins.of('x.example/image')).toEqual({auth: {serveraddress: 'x.example', username: 'me', identitytoken: 'token'}});
});

test('a keychain is asked: the one of the registry, else the one of all', async () => {
	keychain('one', `echo '{"ServerURL":"'$server'","Username":"me","Secret":"of '$server'"}'`);
	keychain('all', `echo '{"Username":"<token>","Secret":"t"}'`);
	configured({auths: {'x.example': {}}, credHelpers: {'x.example': 'one'}, credsStore: 'all'});
	expect(await logins.of('x.example/image')).toEqual({auth: {serveraddress: 'x.example', username: 'me', password: 'of x.example'}});
	expect(await logins.of('image')).toEqual({auth: {serveraddress: hub, identitytoken: 't'}});
});

test('a keychain that knows nothing: what the file has, else anybody', async () => {
	keychain('all', 'echo "credentials not found in native keychain"; exit 1');
	configured({credsStore: 'all', auths: {'x.example': {auth: base64('me:secret')}}});
	expect(await logins.of('x.example/image')).toMatchObject({auth: {username: 'me'}});
	expect(await logins.of('y.example/image')).toEqual({});
});

test.each([
	['fails', 'echo secret; echo secret >&2; exit 3', 'docker-credential-all, which keeps it, failed (3)'],
	['talks nonsense', 'echo secret', 'docker-credential-all answers what cannot be read'],
	['is not there', undefined, 'docker-credential-all, which keeps it, failed (ENOENT)'],
])('a keychain that %s: said, and nothing that it printed', async (_, script, problem) => {
	if (script !== undefined) keychain('all', script);
	configured({credsStore: 'all'});
	expect(await logins.of('image')).toEqual({problem});
});

test('a file that is no JSON: said, without its content', async () => {
	writeFileSync(join(directory, 'config.json'), '{"auths": secret');
	expect(await logins.of('image')).toEqual({problem: `${directory}/config.json is no JSON`});
});

test('a pull has the login with it, and one that fails for want of it says so', async () => {
	const heads: unknown[] = [];
	const engine = await startFakeEngine({
		'POST /images/create': ({headers}, response) => {
			heads.push(headers['x-registry-auth']);
			json(response, {message: 'unauthorized'}, 500);
		},
	});
	const driver = dockerDriver({host: engine.host, logins: {directory, environment: {}}});
	onTestFinished(() => driver.close());
	const pull = (image: string) =>
		driver.start(instanceSpec('a', {type: 'docker', image})).then(
			() => 'started',
			(error: Error) => error.message,
		);
	configured({auths: {'x.example': {auth: base64('me:??>>secret')}}});
	expect(await pull('x.example/image')).toContain(
		'(unauthorized): look at its spelling (`image`, AGENT_IMAGE), log in anew if its registry refuses',
	);
	expect(await pull('y.example/image')).toContain('log in if its registry wants that (`docker login`)');
	configured({credsStore: 'gone'});
	expect(await pull('x.example/image')).toContain(
		'(unauthorized; and its login could not be had: docker-credential-gone, which keeps it, failed (ENOENT))',
	);
	const login = {serveraddress: 'x.example', username: 'me', password: '??>>secret'};
	expect(heads).toEqual([Buffer.from(JSON.stringify(login)).toString('base64url'), undefined, undefined]);
});
