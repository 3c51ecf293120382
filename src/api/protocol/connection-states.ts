/** IPVS's names of connection states, as listings show them. */
export const CONNECTION_STATES = [
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
  'NONE',
  'UDP',
  // SCTP's own; it has NONE and ESTABLISHED as well.
  'INIT1',
  'INIT',
  'C-SENT',
  'C-REPLIED',
  'C-WAIT',
  'COOKIE',
  'C-ECHOED',
  'S-SENT',
  'S-RECEIVED',
  'S-ACK-SENT',
  'REJECTED',
  'CLOSED',
] as const;

/** Templates of persistence are listed too: NONE until a connection of theirs was established. */
export const SHOWN_STATES = [...CONNECTION_STATES, 'ASSURED'] as const;

export type ShownState = (typeof SHOWN_STATES)[number];
export type ConnectionState = (typeof CONNECTION_STATES)[number];
