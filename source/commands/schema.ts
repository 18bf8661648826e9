import {workflowSchema} from '../workflow/json-schema.ts';
import type {Run} from './command.ts';

/** `byoai schema`: the JSON Schema of workflow files. */
export const schema: Run = async ({output}) => {
	output.write(`${JSON.stringify(workflowSchema(), undefined, 2)}\n`);
	return 0;
};
