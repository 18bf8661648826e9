import about from '../package.json' with {type: 'json'};

/** The program's version, as `package.json` has it. */
export const {version} = about;

/** The oldest major version of Node on which it runs, as `package.json` has it. */
export const neededNode = Number.parseInt(about.engines.node.replace(/\D*/, ''), 10);
