import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {readConfig} from '../source/config.ts';
import {openOrchestrator} from '../source/orchestrator.ts';
import {bindings} from '../source/tui/keys/keymap.ts';
import type {OpenApi} from './api-markdown.ts';
import {apiMarkdown} from './api-markdown.ts';
import {withKeys} from './keys-markdown.ts';

const screenDocs = new URL('../docs/tui.md', import.meta.url);
writeFileSync(screenDocs, withKeys(readFileSync(screenDocs, 'utf8'), bindings));

/** Writes docs/api.md anew: asks an orchestrator that has nothing to do for its OpenAPI document. */
const directory = mkdtempSync(join(tmpdir(), 'byoai-docs-'));
try {
	const config = readConfig({flags: {stateDir: directory}, settings: {}, environment: {}, terminal: {out: false, err: false}});
	const orchestrator = await openOrchestrator({config, mode: 'reader', agentProgram: [], warn: console.error});
	const reply = await orchestrator.fetch(new Request('http://localhost/openapi.json'));
	writeFileSync(new URL('../docs/api.md', import.meta.url), apiMarkdown((await reply.json()) as OpenApi));
	await orchestrator.close();
} finally {
	rmSync(directory, {recursive: true});
}
