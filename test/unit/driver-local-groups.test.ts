import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, onTestFinished, test} from 'vitest';
import {GroupRecord} from '../../agent/group-record.ts';
import {processStat} from '../../agent/process-group.ts';
import {killLeftGroups} from '../../source/drivers/local/groups.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

/** A process group as a task's command is one; `env` is all that it has beside PATH. Ended with the test. */
async function group(script: string, env: NodeJS.ProcessEnv): Promise<{leader: ChildProcess; pid: number; startTime: string}> {
	const leader = spawn('sh', ['-c', `${script}\necho up\nwait`], {
		detached: true,
		stdio: ['ignore', 'pipe', 'ignore'],
		env: {PATH: process.env.PATH, ...env},
	});
	const pid = leader.pid ?? 0;
	onTestFinished(() => {
		try {
			process.kill(-pid, 'SIGKILL');
		} catch {
			// It is gone, as it should be.
		}
	});
	await once(leader.stdout ?? leader, 'data');
	return {leader, pid, startTime: processStat(pid)?.startTime ?? ''};
}

/** Whether a group has a member that runs. */
function lives(pid: number): boolean {
	try {
		return process.kill(-pid, 0);
	} catch {
		return false; // there is none
	}
}

const sleeps = "trap '' TERM; sleep 60 & sleep 60 &";
const ofTask = {BYOAI_ATTEMPT: '1'};

describe.skipIf(!existsSync('/proc/self/stat'))('what a dead agent left running', () => {
	test('is killed by the record that the agent kept, with all of the group', async () => {
		const directory = temporaryDirectory();
		const record = new GroupRecord(directory, () => undefined);
		const {pid} = await group(sleeps, {});
		record.starting('m-1');
		record.began(pid, 'm-1');
		record.close();
		expect(await killLeftGroups(directory, 5000)).toEqual([]);
		await expect.poll(() => lives(pid)).toBe(false);
	});

	test('is left alone once the agent has crossed it out; the record stays short', async () => {
		const directory = temporaryDirectory();
		const record = new GroupRecord(directory, () => undefined);
		const [one, other] = [await group(sleeps, ofTask), await group(sleeps, ofTask)];
		record.began(one.pid, 'm-1');
		record.began(other.pid, 'm-2');
		record.vanished(one.pid);
		expect(readFileSync(join(directory, 'groups'), 'utf8').split('\n')).toHaveLength(4);
		expect(await killLeftGroups(directory, 5000)).toEqual([]);
		expect(lives(one.pid)).toBe(true);
		record.vanished(other.pid);
		record.close();
		expect(readFileSync(join(directory, 'groups'), 'utf8')).toBe('');
	});

	test.each([
		['runs already', 0],
		['is about to', 400],
	])('is found by its mark when the agent died in the start of it: it %s', async (_, ms) => {
		const directory = temporaryDirectory();
		const record = new GroupRecord(directory, () => undefined);
		for (const mark of ['m-1', 'm-2', 'm-3']) record.starting(mark);
		record.notStarted('m-2');
		record.close();
		const others = [await group(sleeps, {BYOAI_START: 'm-2'}), await group(sleeps, {BYOAI_START: 'm-11'})];
		const left = sleep(ms).then(() => group(sleeps, {BYOAI_START: 'm-1'}));
		expect(await killLeftGroups(directory, 5000)).toEqual([]);
		const {pid} = await left;
		await expect.poll(() => lives(pid)).toBe(false);
		expect(others.map(other => lives(other.pid))).toEqual([true, true]);
	});

	test('is never a later process of the same number, nor what a torn line names', async () => {
		const directory = temporaryDirectory();
		const {pid, startTime} = await group(sleeps, {});
		writeFileSync(join(directory, 'groups'), `+${pid} 1\n+${pid} ${startTime}`);
		expect(await killLeftGroups(directory, 5000)).toEqual([]);
		expect(lives(pid)).toBe(true);
	});

	test.each([
		['of a task, is killed', ofTask, false],
		['of somebody else, is left alone', {}, true],
	])('and whose leader is gone, %s', async (_, env, stays) => {
		const directory = temporaryDirectory();
		const {leader, pid, startTime} = await group(sleeps, env);
		writeFileSync(join(directory, 'groups'), `+${pid} ${startTime}\n`);
		leader.kill('SIGKILL');
		await once(leader, 'exit');
		expect(lives(pid)).toBe(true);
		expect(await killLeftGroups(directory, 5000)).toEqual([]);
		await expect.poll(() => lives(pid)).toBe(stays);
	});

	test('is nothing where there is no record', async () => {
		expect(await killLeftGroups(temporaryDirectory(), 5000)).toEqual([]);
	});
});
