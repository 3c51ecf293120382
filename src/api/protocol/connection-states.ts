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
] as const;

export type ConnectionState = (typeof CONNECTION_STATES)[number];
