// Run first by `npm test` and `npm start`: the locked Node comes as an optional dependency, and npm says nothing when one
// fails to install. Without this check the system's Node would run everything, and fail in some obscure place.
const neededMajor = 24;

if (Number.parseInt(process.versions.node, 10) < neededMajor) {
	console.error(`This needs Node ${neededMajor} or newer, but ${process.execPath} is ${process.version}.`);
	console.error('The locked Node is not installed: run "npm ci --include=optional", or put a newer Node first on PATH.');
	process.exit(3);
}
