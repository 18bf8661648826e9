import {describe, expect, test} from 'vitest';
import {cycleFaults, importFaults} from './helpers/import-table.ts';
import type {TextFile} from './helpers/source-tree.ts';
import {isCode, projectFiles} from './helpers/source-tree.ts';
import type {Code} from './helpers/syntax.ts';
import {parseCode} from './helpers/syntax.ts';
import {
	impureCode,
	leftovers,
	longFiles,
	longFunctions,
	machinePaths,
	mockedModules,
	processUse,
	silencedTests,
	tooNew,
	vagueNames,
} from './helpers/tidy-rules.ts';

/** Each rule looks at the whole project here, and below at faults made on purpose: a rule that finds nothing is no rule. */
const files = projectFiles();
const code = files.filter(isCode).map(parseCode);
const product = code.filter(({path}) => /^(source|agent)\//.test(path));

function parsed(texts: Readonly<Record<string, string>>): readonly Code[] {
	return written(texts).map(parseCode);
}

function written(texts: Readonly<Record<string, string>>): readonly TextFile[] {
	return Object.entries(texts).map(([path, text]) => ({path, text}));
}

test('the project is read whole', () => {
	expect(files.map(({path}) => path)).toEqual(
		expect.arrayContaining(['package.json', 'source/model/run.ts', 'test/tidy.test.ts', '.ci/run']),
	);
	expect(files.filter(({path}) => /node_modules|^dist/.test(path))).toEqual([]);
	expect(product.flatMap(({imports}) => imports).length).toBeGreaterThan(10);
});

describe('imports follow the floor plan', () => {
	test('in the project', () => {
		expect(importFaults(product)).toEqual([]);
	});

	const faults: ReadonlyArray<readonly [path: string, text: string, fault: string]> = [
		['source/model/run.ts', `import type {A} from '../store/store.ts';`, 'model may not import ../store/store.ts'],
		['source/scheduler/step.ts', `import {z} from 'zod';`, 'scheduler may not import zod'],
		['source/scheduler/step.ts', `import {createHash} from 'node:crypto';`, 'scheduler may not import node:crypto'],
		['source/workflow/parse.ts', `import {readFileSync} from 'fs';`, 'workflow may not import fs'],
		['source/engine/engine.ts', `export {SqliteStore} from '../store/sqlite.ts';`, 'engine may not import ../store/sqlite.ts'],
		['source/engine/engine.ts', `type S = import('../agents/session.ts').Session;`, 'engine may not import ../agents/session.ts'],
		['source/engine/rows.ts', `import {f} from '../protocol/views.ts';`, 'engine may import ../protocol/views.ts by import type only'],
		['source/engine/rows.ts', `import type {Report} from '../protocol/messages.ts';`, 'engine may not import ../protocol/messages.ts'],
		['source/drivers/local/local.ts', `import {DatabaseSync} from 'node:sqlite';`, 'drivers may not import node:sqlite'],
		['source/commands/agent.ts', `import {main} from '../../agent/main.ts';`, 'commands may import ../../agent/main.ts by import() only'],
		['source/commands/agent.ts', `await import('../../agent/slots.ts');`, 'commands may not import ../../agent/slots.ts'],
		['source/server/server.ts', `import {test} from '../../test/helpers/x.ts';`, 'server may not import ../../test/helpers/x.ts'],
		['source/server/server.ts', `await import(name);`, 'imports a computed path'],
		['agent/http.ts', `import {x} from '@scope/name/part';`, 'agent may not import @scope/name/part'],
		['source/drivers/docker/a.ts', `import type {X} from '../local/x.ts';`, 'a driver may not import another: ../local/x.ts'],
		['source/helpers/x.ts', ``, 'helpers is no room of the floor plan'],
	];
	test.each(faults)('%s: %s', (path, text, fault) => {
		expect(importFaults(parsed({[path]: `\n${text}`}))).toEqual([expect.stringContaining(fault)]);
	});

	test('and what the plan allows passes', () => {
		const allowed = parsed({
			'source/engine/engine.ts': `import type {Store} from '../store/store.ts'; import {step} from '../scheduler/step.ts'; import './clock.ts';`,
			'source/engine/rows.ts': `import type {A} from '../protocol/views.ts'; export type {B} from '../protocol/views.ts'; type C = import('../protocol/views.ts').C;`,
			'source/store/sqlite.ts': `import {DatabaseSync} from 'node:sqlite'; import {join} from 'node:path';`,
			'source/commands/agent.ts': `const {main} = await import('../../agent/main.ts');`,
			'source/drivers/docker/a.ts': `import './b.ts'; import '../driver.ts'; import '../../model/error.ts';`,
			'source/app.tsx': `import {Panes} from './tui/panes.tsx'; export const app = <Panes />;`,
			'test/unit/x.test.ts': `import {step} from '../../source/scheduler/step.ts'; import 'zod';`,
		});
		expect(importFaults(allowed)).toEqual([]);
	});
});

describe('no files import each other in a ring', () => {
	test('in the project', () => {
		expect(cycleFaults(code)).toEqual([]);
	});

	test('a ring is found, also one of types and import()', () => {
		const ring = {
			'source/model/a.ts': `import type {B} from './b.ts';`,
			'source/model/b.ts': `export * from '../engine/c.ts';`,
			'source/engine/c.ts': `await import('../model/a.ts');`,
			'source/engine/d.ts': `import '../model/a.ts'; import './e.ts';`,
			'source/engine/e.ts': ``,
		};
		expect(cycleFaults(parsed(ring))).toEqual(['cycle: source/model/a.ts → source/model/b.ts → source/engine/c.ts → source/model/a.ts']);
	});

	test('and a ring of folders within a room, in which no file is twice', () => {
		const ring = {
			'source/tui/a/one.ts': `import '../b/one.ts';`,
			'source/tui/b/one.ts': `import '../tui.ts';`,
			'source/tui/b/two.ts': `import '../a/two.ts'; import './one.ts';`,
			'source/tui/a/two.ts': ``,
			'source/tui/tui.ts': ``,
		};
		expect(cycleFaults(parsed(ring))).toEqual(['cycle: source/tui/a → source/tui/b → source/tui/a']);
	});
});

describe('files and functions are small', () => {
	const lines = (count: number): string => 'x();\n'.repeat(count);

	test('in the project', () => {
		expect(longFiles(code)).toEqual([]);
		expect(longFunctions(code)).toEqual([]);
	});

	test('a file may have 260 lines, a test 400', () => {
		const long = written({'source/a.ts': lines(261), 'source/b.ts': lines(260), 'test/c.ts': lines(400), 'test/d.ts': lines(401)});
		expect(longFiles(long)).toEqual(['source/a.ts: 261 lines, at most 260', 'test/d.ts: 401 lines, at most 400']);
	});

	test('a function may have 75 lines, whatever its form', () => {
		const long = parsed({
			'source/a.ts': `// … 😀\nfunction f() {\n${lines(74)}}`,
			'source/b.ts': `const f = () => {\n${lines(73)}};`,
			'source/c.ts': `class C {\n m() {\n${lines(74)}}\n}`,
			'agent/d.ts': `const f = () => {\n${lines(74)}};`,
		});
		expect(longFunctions(long)).toEqual([
			'source/a.ts:2: a function of 76 lines, at most 75',
			'source/c.ts:2: a function of 76 lines, at most 75',
			'agent/d.ts:1: a function of 76 lines, at most 75',
		]);
	});

	test('a list of tests may be longer than a test', () => {
		const list = parsed({'test/a.test.ts': `describe('x', () => {\n${lines(50)}test.each([1])('y', () => {\n${lines(76)}});\n});`});
		expect(longFunctions(list)).toEqual(['test/a.test.ts:52: a function of 78 lines, at most 75']);
	});
});

test.each(['source/model/index.ts', 'source/utils/text.ts', 'agent/utils.ts', 'test/helpers/util.mjs'])('%s is no name', path => {
	expect(vagueNames(code)).toEqual([]);
	expect(vagueNames(written({[path]: '', 'source/scheduler/indexes.ts': ''}))).toEqual([
		`${path}: a name that does not say what is inside`,
	]);
});

describe('the core knows no clock, chance, platform or waiting', () => {
	test('in the project', () => {
		expect(impureCode(code)).toEqual([]);
	});

	const faults = [
		'Date.now()',
		'new Date(0)',
		'Math.random()',
		"Math['random']()",
		'performance.now()',
		'async () => 1',
		'async function* f() {}',
		'await x',
		'async () => { for await (const x of y) x }',
		"import {hostname} from 'node:os'",
		'process.pid',
		'setTimeout(f, 1)',
		'const when: Date = x',
		'const f = ({Date}) => 1',
	];
	test.each(faults)('%s', text => {
		expect(impureCode(parsed({'source/scheduler/a.ts': text}))).not.toEqual([]);
		expect(impureCode(parsed({'source/model/a.ts': text}))).not.toEqual([]);
		expect(impureCode(parsed({'source/engine/a.ts': text}))).toEqual([]);
	});

	test('words and members of the same name pass', () => {
		const words = `/** await new Date(): Math.random */ const x = {process: 1, fetch() { return 'Date.now()'; }}; x.process; Math.max(1);`;
		expect(impureCode(parsed({'source/model/a.ts': words}))).toEqual([]);
	});
});

describe('one place reads the environment, one ends the process', () => {
	test('in the project', () => {
		expect(processUse(code)).toEqual([]);
	});

	test.each([
		['source/drivers/a.ts', 'f(process.env.HOME)'],
		['source/drivers/a.ts', "process['env']"],
		['source/config.ts', 'process.exit(1)'],
		['agent/main.ts', 'process.exit(1)'],
		['source/engine/a.ts', 'const {env} = process'],
		['source/engine/a.ts', "import {env} from 'node:process'"],
	])('%s: %s', (path, text) => {
		expect(processUse(parsed({[path]: text}))).toHaveLength(1);
	});

	test('in those places it passes', () => {
		const places = {'source/config.ts': 'process.env.HOME', 'agent/main.ts': 'process.env', 'source/cli.tsx': 'process.exit(1)'};
		expect(processUse(parsed({...places, 'agent/entry.ts': 'process.exit(1)', 'source/engine/a.ts': 'process.exitCode = 1'}))).toEqual([]);
	});
});

test('the product uses nothing that Node 24 lacks', () => {
	expect(tooNew(code)).toEqual([]);
	const use = 'this.known.getOrInsertComputed(key, make)';
	expect(tooNew(parsed({'source/a.ts': use, 'agent/b.ts': use, 'test/c.ts': use}))).toHaveLength(2);
});

describe('nothing is left for later', () => {
	test('in the project', () => {
		expect(leftovers(code)).toEqual([]);
		expect(silencedTests(code)).toEqual([]);
	});

	test('a note to oneself', () => {
		const notes = parsed({'source/a.ts': `const x = 'TODO'; // ${'TODO'}: better\n/* ${'FIXME'} */`});
		expect(leftovers(notes)).toEqual(['source/a.ts:1: a note to oneself', 'source/a.ts:2: a note to oneself']);
	});

	test.each([
		"test.only('x', f)",
		"describe.only.each([1])('x', f)",
		"test.skip('x', f)",
		"it.each([1]).skip('x')",
		'context.skip()',
		'context.skip(broken)',
	])('%s', text => {
		expect(silencedTests(parsed({'test/a.test.ts': text}))).toHaveLength(1);
	});

	test('a skip that says why passes', () => {
		const skips = "context.skip('no Docker'); context.skip(!docker, `no Docker: ${cause}`); chain.only; stream.skip;";
		expect(silencedTests(parsed({'test/a.test.ts': skips}))).toEqual([]);
	});
});

test('no test replaces a module', () => {
	expect(mockedModules(code)).toEqual([]);
	const mocks = parsed({'test/a.test.ts': `vi.mock('node:fs', {spy: true});\nvi.mocked(f); vi.spyOn(a, 'b'); x.mock();`});
	expect(mockedModules(mocks)).toEqual([expect.stringContaining('test/a.test.ts:1: vi.mock hangs on')]);
});

test('no text names a place on one machine', () => {
	expect(machinePaths(files)).toEqual([]);
	const place = `/${'work'}/main`;
	const texts = written({
		'docs/a.md': `see\n${place}`,
		'b.ts': `'../${'shared'}/x'`,
		'c.ts': `'.${place} a${place} ./${'shared'}/x /workflows'`,
	});
	expect(machinePaths(texts)).toEqual([`docs/a.md:2: a path of one machine: ${place}`, expect.stringContaining('b.ts:1')]);
});
