export { log } from 'tidemill:plugin/log@0.1.0';
