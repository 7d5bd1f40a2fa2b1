export { add, record } from 'tidemill:plugin/meter@0.1.0';
