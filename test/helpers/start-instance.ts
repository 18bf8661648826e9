/*
 * A program that starts one instance as an orchestrator would: `start-instance.ts <driver options> <spec>`, both JSON.
 * It prints the handle once there is one, and stays until it is killed.
 */
import {createLocalDriver} from '../../source/drivers/local/local.ts';

const [options = '', spec = ''] = process.argv.slice(2);
const driver = createLocalDriver({...JSON.parse(options), instanceEnvironment: () => ({})});
setInterval(() => undefined, 60_000);
console.log(JSON.stringify(await driver.start(JSON.parse(spec))));
