export { cancelled, changed, report, updated } from 'tidemill:plugin/call@0.1.0';
