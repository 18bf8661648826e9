import * as http from 'node:http';
import * as https from 'node:https';
import {connect} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import type Docker from 'dockerode';
import {ByoaiError} from '../../model/error.ts';
import type {Facts} from './container.ts';
import {endOf, inspect, isAlive, remove} from './container.ts';
import {ask, saidBy} from './engine.ts';
import type {ReadinessProbe} from './probe.ts';
import type {Place} from './reach.ts';
import {noPlace, placeOf} from './reach.ts';

export type Readiness = {
	readonly docker: Docker;
	/** For messages. */
	readonly instance: string;
	readonly container: string;
	readonly probe: ReadinessProbe;
	/** The container that byoai itself runs in. */
	readonly own: Facts | undefined;
	/** How long all may take. */
	readonly timeoutMs: number;
	/** Gives it up; the container stays. */
	readonly signal: AbortSignal;
};

/**
 * Resolves when the probe has passed. Rejects with `unavailable` when the container ends before, is gone, or takes too long; then it is
 * removed.
 */
export async function untilReady({docker, instance, container, probe, own, timeoutMs, signal}: Readiness): Promise<void> {
	const deadline = performance.now() + timeoutMs;
	let problem = 'it was not asked yet';
	let passed = 0;
	await sleep(probe.initialDelayMs, undefined, {signal}).catch(() => signal.throwIfAborted());
	for (;;) {
		signal.throwIfAborted();
		const facts = await inspect(docker, container);
		if (facts === undefined) throw new ByoaiError('unavailable', `Instance ${instance} was stopped while it started.`);
		if (!isAlive(facts)) return failed(docker, facts, instance);
		const found = await problemOf(docker, facts, probe, own);
		passed = found === undefined ? passed + 1 : 0;
		if (passed >= probe.successes) return;
		problem = found ?? problem;
		if (performance.now() + probe.periodMs > deadline) {
			await remove(docker, container);
			throw new ByoaiError(
				'unavailable',
				`it was not ready after ${timeoutMs / 1000} s (start_timeout): its readiness probe says: ${problem}.`,
			);
		}
		await sleep(probe.periodMs, undefined, {signal}).catch(() => signal.throwIfAborted());
	}
}

async function failed(docker: Docker, facts: Facts, instance: string): Promise<never> {
	const {cause, signal, output} = await endOf(docker, facts);
	await remove(docker, facts.Id);
	if (signal === 'SIGTERM') throw new ByoaiError('unavailable', `Instance ${instance} was stopped while it started: it was ${cause}.`);
	throw new ByoaiError('unavailable', `it did not get ready: it ${cause}.${output === undefined ? '' : ` Its last output:\n${output}`}`);
}

/** Asks once; undefined: it passed. */
async function problemOf(docker: Docker, facts: Facts, probe: ReadinessProbe, own: Facts | undefined): Promise<string | undefined> {
	try {
		if (probe.type === 'exec') return await execProblem(docker, facts.Id, probe.command, probe.timeoutMs);
		const place = placeOf(facts, probe.port, own);
		if (place === undefined) return noPlace(probe.port, own);
		if (probe.type === 'tcp') await connected(place, probe.timeoutMs);
		else return await httpProblem(place, probe);
		return undefined;
	} catch (error) {
		return saidBy(error);
	}
}

async function execProblem(docker: Docker, id: string, command: readonly string[], timeoutMs: number): Promise<string | undefined> {
	const run = async () => {
		const exec = await docker.getContainer(id).exec({Cmd: [...command], AttachStdout: true, AttachStderr: true});
		const stream = await exec.start({});
		stream.resume();
		await new Promise(resolve => stream.on('close', resolve).on('end', resolve));
		return exec.inspect();
	};
	const {ExitCode} = await ask('run the readiness probe', run(), timeoutMs);
	return ExitCode === 0 ? undefined : `${command.join(' ')} exited with code ${ExitCode}`;
}

function connected(place: Place, timeoutMs: number): Promise<void> {
	return new Promise((resolve, reject) => {
		const socket = connect({...place, timeout: timeoutMs});
		socket.on('error', reject);
		socket.on('timeout', () => socket.destroy(new Error(`no connection within ${timeoutMs / 1000} s`)));
		socket.on('connect', () => {
			socket.destroy();
			resolve();
		});
	});
}

/** As Kubernetes has it: any status from 200 to 399 is fine, and a certificate is not looked at. */
function httpProblem(place: Place, {path, secure, headers, timeoutMs}: ReadinessProbe & {type: 'http'}): Promise<string | undefined> {
	const options = {
		...place,
		path,
		headers: Object.fromEntries(headers),
		timeout: timeoutMs,
		agent: false,
		rejectUnauthorized: false,
	};
	return new Promise((resolve, reject) => {
		const request = (secure ? https : http).get(options, response => {
			response.resume();
			const {statusCode = 0} = response;
			resolve(statusCode >= 200 && statusCode < 400 ? undefined : `GET ${path} answers ${statusCode}`);
		});
		request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
		request.on('error', reject);
	});
}
