import {configureGlobal} from 'fast-check';

/** The values that properties are tried with follow from it: the same ones in every run of the tests, others with another `PROPERTY_SEED`. */
const {PROPERTY_SEED: seed = '1'} = process.env;

configureGlobal({seed: Number(seed)});
