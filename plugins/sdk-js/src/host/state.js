export { delete, getMany, increment, keys, put } from 'tidemill:plugin/state@0.1.0';
