import {runEnded} from '../model/run.ts';
import type {Run} from './command.ts';
import {findOrchestrator} from './orchestrators.ts';

/**
 * `byoai cancel <run>`: resolves when the cancellation is recorded. A run that its orchestrator left unfinished is taken up here, and
 * cancelled to its end.
 */
export const cancel: Run = async invocation => {
	const {operands, flags, output} = invocation;
	const [name = ''] = operands;
	const {client, own, close} = await findOrchestrator(invocation, 'once');
	try {
		let run = await client.cancelRun(name, 'cancelled by byoai cancel');
		if (own !== undefined) {
			for await (const _ of client.lines({run: run.id, follow: true})); // they end with the run
			await own.settled();
			run = await client.run(run.id);
		}
		const how = runEnded(run.status) ? 'is cancelled' : 'is being cancelled';
		output.write(flags.json === true ? `${JSON.stringify(run, undefined, 2)}\n` : `run ${run.id} ${how}\n`);
	} finally {
		await close();
	}
	return 0;
};
