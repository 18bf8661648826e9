import {cpSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';

const root = join(import.meta.dirname, '../..');
const examples = readdirSync(join(root, 'workflows'));

test.each(examples)('workflows/%s runs', async file => {
	const place = new CliPlace();
	cpSync(join(root, 'workflows', file), join(place.directory, file));
	const {status, stdout, stderr} = await place.run(['-f', file, '--no-tui']);
	expect({status, stderr}).toEqual({status: 0, stderr: ''});
	expect(stdout).toMatch(/run r\w+ succeeded/);
});

/** The complete workflows of docs/getting-started.md: blocks that begin with a comment naming a file. */
const documented = [...readFileSync(join(root, 'docs/getting-started.md'), 'utf8').matchAll(/```yaml\n# (\S+\.yml)\n([\s\S]*?)```/g)];

test('docs/getting-started.md has workflows', () => {
	expect(documented.length).toBeGreaterThan(2);
});

test.each(documented.map(([, name = '', text = '']) => [name, text]))('%s of docs/getting-started.md runs', async (name, text) => {
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

test("the original's example file, its agent local, runs both tasks in order in the file's directory", async () => {
	const place = new CliPlace();
	place.file(
		'example.yml',
		readFileSync(join(root, 'workflows/example_workflow.yml'), 'utf8').replaceAll(/echo '(.*)'/g, "echo '$1' | tee -a ran"),
	);
	expect(await place.run(['-f', 'example.yml', '--no-tui'])).toMatchObject({status: 0});
	expect(readFileSync(join(place.directory, 'ran'), 'utf8')).toBe('Executing task 1\nExecuting task 2\n');
});
