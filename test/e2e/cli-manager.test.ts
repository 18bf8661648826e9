import {expect, test} from 'vitest';
import type {Cli} from '../helpers/cli.ts';
import {CliPlace} from '../helpers/cli.ts';

async function listening(manager: Cli): Promise<string> {
	const [, url = ''] = await manager.says(/listens on (http:\S+)/);
	return url;
}

const waiting = `tasks: [{name: wait, command: "echo ready; while [ ! -e go ]; do sleep 0.05; done; echo through"}]\n`;
const managerMode = ['agent-manager-mode', '--no-tui', '--port', '0'];

test('serves, runs the default workflow, shows the runs of others, and stays', async () => {
	const place = new CliPlace();
	const manager = place.start(managerMode);
	const url = await listening(manager);
	await manager.says(/sample-task {2}Running sample task!/);
	await manager.says(/✔ run r\w+ succeeded/);

	place.file('flow.yml', 'tasks: [{name: mine, command: "echo from a client"}]\n');
	const client = await place.run(['run', 'flow.yml', '--url', url]);
	expect(client).toMatchObject({status: 0, stdout: expect.stringContaining('mine  from a client')});
	await manager.says(/r\w+ {2}mine {2}from a client/);
	expect((await place.run(['ps'])).stdout.trimEnd().split('\n')).toHaveLength(3);
	expect(await place.run(['agents'])).toMatchObject({status: 0, stdout: expect.stringMatching(/^AGENT[\s\S]*local-agent +local +online/)});

	manager.process.kill('SIGTERM');
	expect(await manager.ended).toMatchObject({status: 0, stderr: expect.stringContaining('SIGTERM: stopping')});
});

test('ORCHESTRATOR_URL is where `byoai run` hands its workflow to; `byoai -f` runs it here, and says so', async () => {
	const [there, here] = [new CliPlace(), new CliPlace()];
	const manager = there.start(managerMode);
	const url = await listening(manager);
	here.file('flow.yml', 'tasks: [{name: where, command: "echo here"}]\n');
	const elsewhere = {ORCHESTRATOR_URL: url};

	const asked = await here.run(['run', 'flow.yml'], elsewhere);
	expect(asked).toMatchObject({
		status: 0,
		stderr: expect.stringContaining(`the run goes to the orchestrator at ${url}, and its tasks see`),
	});
	await manager.says(/run (r\w+): flow/);
	const found = await here.run(['ps', '--json'], elsewhere);
	expect(JSON.parse(found.stdout)).toContainEqual(expect.objectContaining({workflow: 'flow', status: 'succeeded'}));

	const own = await here.run(['-f', 'flow.yml', '--no-tui'], elsewhere);
	expect(own).toMatchObject({status: 0, stderr: expect.stringContaining(`this runs here, not at ${url} (ORCHESTRATOR_URL)`)});
	expect(own.stderr).not.toContain('the run goes to');
	const runs = async (env: NodeJS.ProcessEnv) => JSON.parse((await here.run(['ps', '--json'], env)).stdout) as Array<{workflow: string}>;
	expect((await runs(elsewhere)).filter(({workflow}) => workflow === 'flow')).toHaveLength(1);
	expect(await runs({})).toHaveLength(1);

	const gone = await here.run(['run', 'flow.yml'], {ORCHESTRATOR_URL: 'http://127.0.0.1:1'});
	expect(gone).toMatchObject({status: 3, stderr: expect.stringContaining('ORCHESTRATOR_URL says so')});
	manager.process.kill('SIGTERM');
	expect(await manager.ended).toMatchObject({status: 0});
});

test('a workflow of a directory that is not on the manager’s host fails with that reason, and hurts no other', async () => {
	const [there, here] = [new CliPlace(), new CliPlace()];
	const manager = there.start(managerMode);
	const url = await listening(manager);
	const submit = async (directory: string) => {
		const body = JSON.stringify({text: 'tasks: [{name: where, command: pwd}]\n', directory});
		const reply = await fetch(`${url}/v1/runs`, {method: 'POST', headers: {'content-type': 'application/json'}, body});
		return ((await reply.json()) as {id: string}).id;
	};
	const lost = await submit('/nowhere/at/all');
	await manager.says(new RegExp(`✖ run ${lost} failed after .*: the working directory /nowhere/at/all does not exist on the agent's host`));
	const fine = await submit(here.directory);
	await manager.says(new RegExp(`✔ run ${fine} succeeded`));
	manager.process.kill('SIGTERM');
	expect(await manager.ended).toMatchObject({status: 0});
});

test('SIGTERM leaves runs alone; the next start goes on with them', async () => {
	const place = new CliPlace();
	place.file('flow.yml', waiting);
	const first = place.start([...managerMode, '-f', 'flow.yml']);
	const [, id] = await first.says(/run (r\w+): flow[\s\S]*wait {2}ready/);
	first.process.kill('SIGTERM');
	expect(await first.ended).toMatchObject({status: 0, stderr: expect.stringContaining('1 unfinished run: the next start goes on with it')});

	const second = place.start([...managerMode, '-f', 'flow.yml']);
	await second.says(new RegExp(`run ${id} goes on: flow`));
	place.file('go', '');
	await second.says(/wait {2}through/);
	await second.says(new RegExp(`✔ run ${id} succeeded`));
	expect(second.stdout).not.toContain('wait  ready');
	second.process.kill('SIGINT');
	expect(await second.ended).toMatchObject({status: 0});
});

test('--on-stop cancel cancels them, and waits for their end', async () => {
	const place = new CliPlace();
	place.file('flow.yml', waiting);
	const manager = place.start([...managerMode, '-f', 'flow.yml', '--on-stop', 'cancel']);
	await manager.says(/wait {2}ready/);
	manager.process.kill('SIGTERM');
	const ended = await manager.ended;
	expect(ended).toMatchObject({status: 0, stdout: expect.stringMatching(/⊘ run r\w+ cancelled after .*its manager stops/)});
	expect(JSON.parse((await place.run(['ps', '--json'])).stdout)).toMatchObject([{status: 'cancelled'}]);
});

test('what it needs and does not get is status 3', async () => {
	const place = new CliPlace();
	const manager = place.start(managerMode);
	const url = await listening(manager);
	const other = new CliPlace();
	const taken = await other.run(['agent-manager-mode', '--port', new URL(url).port]);
	expect(taken).toMatchObject({status: 3, stderr: expect.stringMatching(/cannot listen on 127\.0\.0\.1, port \d+/)});
	const owned = await place.run(managerMode);
	expect(owned).toMatchObject({status: 3, stderr: expect.stringMatching(/state directory .* is in use by process \d+/)});
	manager.process.kill('SIGTERM');
	expect(await manager.ended).toMatchObject({status: 0});
});

test('a second byoai -f on its state directory is a client of the manager: its Ctrl+C cancels its run, and no more', async () => {
	const place = new CliPlace();
	place.file('flow.yml', waiting);
	const manager = place.start(managerMode);
	const url = await listening(manager);
	const client = place.start(['-f', 'flow.yml']);
	await client.says(/wait {2}ready/);
	expect(client.stderr).toContain(`the run goes to the orchestrator at ${url}, which has this state directory`);
	client.process.kill('SIGINT');
	expect(await client.ended).toMatchObject({status: 130, stdout: expect.stringMatching(/⊘ run r\w+ cancelled by SIGINT/)});
	expect(await place.run(['deploy', '--name', 'kept'])).toMatchObject({status: 0, stdout: 'agent kept is online: 1 slot\n'});
	expect(await place.run(['remove', 'kept', '--wait'])).toMatchObject({status: 0, stdout: 'agent kept is stopped\n'});
	manager.process.kill('SIGTERM');
	expect(await manager.ended).toMatchObject({status: 0});
});

test('a token that the manager asks for is the one that clients send', async () => {
	const place = new CliPlace();
	const manager = place.start([...managerMode, '--host', '0.0.0.0'], {BYOAI_TOKEN: 'secret'});
	await listening(manager);
	expect(await place.run(['ps'])).toMatchObject({status: 3, stdout: '', stderr: expect.stringContaining('asks for a token')});
	const wrong = await place.run(['ps', '--token', 'wrong']);
	expect(wrong).toMatchObject({status: 3, stdout: '', stderr: expect.stringContaining('refuses the token that --token gives')});
	expect(await place.run(['ps', '--token', 'secret'])).toMatchObject({status: 0});
	manager.process.kill('SIGTERM');
	expect(await manager.ended).toMatchObject({status: 0});
});

test('with --https its own agents and clients reach it, by the certificate in its endpoint file', async () => {
	const place = new CliPlace();
	const manager = place.start([...managerMode, '--https']);
	await manager.says(/SHA-256 fingerprint ([0-9A-F]{2}:){31}[0-9A-F]{2}/);
	const [, url = ''] = await manager.says(/listens on (https:\S+)/);
	place.file('flow.yml', 'tasks: [{name: mine, command: "echo over tls"}]\n');
	expect(await place.run(['run', 'flow.yml'])).toMatchObject({status: 0, stdout: expect.stringContaining('mine  over tls')});
	expect(await place.run(['agents'])).toMatchObject({status: 0, stdout: expect.stringMatching(/local-agent +local +online/)});
	// Elsewhere it has to be trusted by its certificate first.
	expect(await place.run(['ps', '--url', url])).toMatchObject({status: 3, stderr: expect.stringContaining('self-signed certificate')});
	const trusting = {NODE_EXTRA_CA_CERTS: `${place.state}/tls.crt`};
	expect(await place.run(['ps', '--url', url], trusting)).toMatchObject({status: 0, stdout: expect.stringContaining('flow')});
	manager.process.kill('SIGTERM');
	expect(await manager.ended).toMatchObject({status: 0});
});

test('byoai agent serves a manager from elsewhere', async () => {
	const place = new CliPlace();
	const manager = place.start(managerMode);
	const url = await listening(manager);
	const agent = place.start(['agent'], {ORCHESTRATOR_URL: url, AGENT_NAME: 'far'});
	place.file('flow.yml', 'tasks: [{name: there, command: "echo on $AGENT_NAME.", agent: far}]\n');
	const run = await place.run(['run', 'flow.yml', '--url', url]);
	expect(run.status).toBe(0);
	expect(run.stdout).toMatch(/far {2}there {2}on \.\n/);
	agent.process.kill('SIGTERM');
	expect(await agent.ended).toMatchObject({status: 0});
	manager.process.kill('SIGTERM');
	expect(await manager.ended).toMatchObject({status: 0});
});
