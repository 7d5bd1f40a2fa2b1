// Owns the escaping of text for HTML fragments. Knows nothing about events.

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Escapes a text for use between tags and inside quoted attribute values. */
export const escapeHtml = (text) => String(text).replace(/[&<>"']/g, (one) => ESCAPES[one]);
