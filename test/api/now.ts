/** What the fake's clock says: a fixed moment, so that output is stable. */
export const NOW = Date.parse('2026-11-23T19:50:02.114Z');
