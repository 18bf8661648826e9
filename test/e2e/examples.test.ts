import {cpSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';
import {documentedWorkflows} from '../helpers/documented.ts';

const root = join(import.meta.dirname, '../..');
const examples = readdirSync(join(root, 'workflows'));

test.each(examples)('workflows/%s runs', async file => {
	const place = new CliPlace();
	cpSync(join(root, 'workflows', file), join(place.directory, file));
	const {status, stdout, stderr} = await place.run(['-f', file, '--no-tui']);
	expect({status, stderr}).toEqual({status: 0, stderr: ''});
	expect(stdout).toMatch(/run r\w+ succeeded/);
});

const documented = documentedWorkflows('docs/getting-started.md');

test('docs/getting-started.md has workflows', () => {
	expect(documented.size).toBeGreaterThan(2);
});

test.each([...documented])('%s of docs/getting-started.md runs', async (name, text) => {
	const place = new CliPlace();
	place.file(name, text);
	const {status, stderr} = await place.run(['-f', name, '--no-tui']);
	expect({status, stderr}).toEqual({status: 0, stderr: ''});
});

test('the workflow of the README is valid', async () => {
	const [, text = ''] = /```yaml\n(name: review[\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
	const place = new CliPlace();
	place.file('review.yml', text);
	expect(await place.run(['validate', 'review.yml'])).toMatchObject({status: 0, stdout: 'review.yml: ok (4 tasks, 1 agent)\n', stderr: ''});
});

test('the example of the first BYOAI, its agent local: both tasks in order, in the directory of the file', async () => {
	const place = new CliPlace();
	place.file(
		'example_workflow.yml',
		`tasks:
  - name: "task1"
    command: "echo 'Executing task 1' | tee -a ran"
    agent: "docker-agent"

  - name: "task2"
    command: "echo 'Executing task 2' | tee -a ran"
    agent: "docker-agent"

agents:
  - name: "docker-agent"
    type: "local"
    volume: "./data:/app/data"
`,
	);
	const {status, stderr} = await place.run(['--workflow', 'example_workflow.yml', '--no-tui']);
	expect(status).toBe(0);
	expect(stderr).toContain('example_workflow.yml:13:5');
	expect(stderr).toContain('`volumes` has no effect: agent `docker-agent` is a process on this host');
	expect(readFileSync(join(place.directory, 'ran'), 'utf8')).toBe('Executing task 1\nExecuting task 2\n');
});
