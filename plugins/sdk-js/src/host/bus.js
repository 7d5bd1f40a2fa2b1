export { publish } from 'tidemill:plugin/bus@0.1.0';
