import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import type {WorkflowDetail, WorkflowRow} from '../../source/protocol/views.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';

type Listed = {directory: string; workflows: WorkflowRow[]; more?: true};

const task = 'tasks:\n  - command: x\n';

async function list(orchestra: Orchestra): Promise<Listed> {
	return (await (await orchestra.call('GET', '/v1/workflows')).json()) as Listed;
}

/** Puts files, by path, into the workflow directory. */
function write(orchestra: Orchestra, files: Readonly<Record<string, string>>): void {
	for (const [path, text] of Object.entries(files)) {
		const file = join(orchestra.services.workflowDir, path);
		mkdirSync(join(file, '..'), {recursive: true});
		writeFileSync(file, text);
	}
}

test('workflow files are listed by name, with params and problems', async () => {
	const orchestra = openOrchestra();
	write(orchestra, {
		'b.yml': `name: second\ndescription: does things\nparams:\n  - {name: version, required: true, enum: ['1', '2']}\n${task}`,
		'a.yaml': task,
		'sub/c.json': '{"tasks": [{"command": "x"}, {"command": "y"}]}',
		'bad.yml': 'tasks:\n  - comand: x\n',
		'notes.txt': 'not one',
		'.hidden.yml': task,
	});
	const {directory, workflows, more} = await list(orchestra);
	expect([directory, more]).toEqual([orchestra.services.workflowDir, undefined]);
	expect(workflows.map(({file, name, tasks}) => [file, name, tasks])).toEqual([
		['a.yaml', 'a', 1],
		['b.yml', 'second', 1],
		['bad.yml', 'bad.yml', 0],
		['sub/c.json', 'c', 2],
	]);
	expect(workflows[1]).toMatchObject({
		description: 'does things',
		params: [{name: 'version', type: 'string', required: true, enum: ['1', '2']}],
		problems: [],
	});
	expect(workflows[2]?.problems).toContainEqual(expect.objectContaining({message: expect.stringContaining('comand'), line: 2}));
});

test('one file is shown with its text, also of a directory below', async () => {
	const orchestra = openOrchestra();
	write(orchestra, {'a b.yml': task, 'sub/deep/c.yml': task});
	for (const [path, file] of [
		['a%20b.yml', 'a b.yml'],
		['sub/deep/c.yml', 'sub/deep/c.yml'],
		['sub%2Fdeep%2fc.yml', 'sub/deep/c.yml'],
	]) {
		const reply = await orchestra.call('GET', `/v1/workflows/${path}`);
		expect((await reply.json()) as WorkflowDetail, path).toMatchObject({file, text: task, tasks: 1});
	}
});

test('nothing outside of the directory is shown, listed or told apart from what is not there', async () => {
	const orchestra = openOrchestra();
	write(orchestra, {'a.yml': task, 'sub/b.yml': task, '../secret.yml': 'name: secret\n'});
	const {workflowDir} = orchestra.services;
	symlinkSync(join(workflowDir, '..', 'secret.yml'), join(workflowDir, 'link.yml'));
	symlinkSync(join(workflowDir, '..'), join(workflowDir, 'up'));
	symlinkSync(join(workflowDir, 'a.yml'), join(workflowDir, 'inside.yml'));
	symlinkSync('/dev/zero', join(workflowDir, 'zero.yml'));
	expect((await list(orchestra)).workflows.map(({file}) => file)).toEqual(['a.yml', 'inside.yml', 'sub/b.yml']);
	const details = new Set<string>();
	const outside = [
		'../secret.yml',
		'..%2Fsecret.yml',
		'%2e%2e%2fsecret.yml',
		'sub/..%2f..%2fsecret.yml',
		'link.yml',
		'up/secret.yml',
		'up',
		'sub',
	];
	for (const path of [...outside, 'zero.yml', 'none.yml', '%2Fetc%2Fpasswd', 'a.yml%00', 'x'.repeat(3000)]) {
		const reply = await orchestra.call('GET', `/v1/workflows/${path}`);
		expect(await reply.clone().text(), path).not.toContain('name: secret');
		details.add((await problemOf(reply)).detail.replace(/ file .* in /s, ' file … in ').replace(/ at .*/s, ' at …'));
	}
	expect([...details].sort()).toEqual(['there is no workflow file … in the workflow directory (WORKFLOW_DIR)', 'there is nothing at …']);
	expect(orchestra.warnings).toEqual([]);
});

test('more files than the limit are left out, and it is said so', async () => {
	const orchestra = openOrchestra({limits: {listed_files: 2}});
	write(orchestra, {'a.yml': task, 'b.yml': task, 'c.yml': task});
	const {workflows, more} = await list(orchestra);
	expect([workflows.length, more]).toEqual([2, true]);
});

test('a directory that is not there holds nothing', async () => {
	const orchestra = openOrchestra();
	const empty = {...orchestra.services, workflowDir: '/nowhere/at/all'};
	const {createServer} = await import('../../source/server/server.ts');
	const reply = await createServer(empty).fetch(new Request('http://localhost/v1/workflows'));
	expect(await reply.json()).toEqual({directory: '/nowhere/at/all', workflows: []});
});
