import http from 'node:http';
import type {Plugin} from 'rolldown';
import type {UserConfig} from 'tsdown';
import {defineConfig} from 'tsdown';

/** What both programs share: ESM for the Node that the product needs, with every package bundled in. */
const program: UserConfig = {
	format: 'esm',
	platform: 'node',
	target: 'node24',
	fixedExtension: false,
	dts: false,
	define: {'process.env.NODE_ENV': '"production"'},
	// Reading takes a good part of the start. Names stay: the stack trace of a bug should say something.
	minify: {compress: true, mangle: false, codegen: {removeWhitespace: true}},
};

/**
 * The Docker client brings along what is never called here: builds by BuildKit (gRPC) and engines behind ssh. They would be most of it, and
 * what is compiled for ssh cannot be loaded from an ES module. Ink asks for React's developer tools, which are not installed.
 */
const withoutWhatIsNeverCalled: Plugin = {
	name: 'without-what-is-never-called',
	resolveId: {
		order: 'pre',
		handler(id, importer) {
			const isUnused =
				id === 'ssh2' ||
				id === 'react-devtools-core' ||
				(/[\\/]dockerode[\\/]/.test(importer ?? '') && /^\.\/(?:session|buildkit)$/.test(id));
			return isUnused ? '\0not-bundled' : undefined;
		},
	},
	load: id =>
		id === '\0not-bundled'
			? 'export default function absent() { throw new Error("not in this version"); } export class Client {}'
			: undefined,
};

/**
 * To import a name of `node:http` as ES modules do has Node read every name that this module has, and some of them load the whole of `fetch`, for
 * which each start of a program would wait 20 ms. Taken from the module itself, the others cost nothing.
 */
const withoutUnusedBuiltins: Plugin = {
	name: 'without-unused-builtins',
	resolveId: {order: 'pre', handler: id => (id === 'node:http' || id === 'http' ? '\0node-http' : undefined)},
	load(id) {
		if (id !== '\0node-http') return undefined;
		const described = Object.entries(Object.getOwnPropertyDescriptors(http));
		const names = described.flatMap(([name, {get}]) => (get === undefined ? [name] : []));
		return `const http = process.getBuiltinModule('node:http');\nexport default http;\nexport const {${names.join(', ')}} = http;`;
	},
};

export default defineConfig([
	// What the command line imports by import() becomes chunks of their own, which are read when they are needed.
	{
		...program,
		entry: {cli: 'source/cli.tsx'},
		plugins: [withoutWhatIsNeverCalled],
		deps: {alwaysBundle: [/.*/], onlyBundle: false, onlyImport: []},
	},
	// The agent program can be copied alone into any container: one file, and the build fails if a package gets in.
	{
		...program,
		entry: {agent: 'agent/entry.ts'},
		clean: false,
		plugins: [withoutUnusedBuiltins],
		deps: {onlyBundle: [], onlyImport: []},
		outputOptions: {codeSplitting: false},
	},
]);
