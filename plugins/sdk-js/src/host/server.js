export { streams } from 'tidemill:plugin/server@0.1.0';
