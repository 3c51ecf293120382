/**
 * Why packets went where they went: one line per member of `struct counters`
 * (bpf/types.h), with the words a person sees. A test holds the two together.
 */

/**
 * - `forward`: sent to a real server
 * - `pass`: a packet of a virtual service that the kernel was given
 * - `drop`: a packet of a virtual service that went nowhere
 * - `event`: something that happened beside a packet's outcome
 */
export type ReasonKind = 'forward' | 'pass' | 'drop' | 'event';

export const REASONS = {
  forwarded: { kind: 'forward', text: 'sent to a real server' },
  pass_no_connection: { kind: 'pass', text: 'TCP or SCTP that opens no connection and belongs to none' },
  pass_fragment: { kind: 'pass', text: 'later IP fragment whose first one is not known' },
  pass_other_mac: { kind: 'pass', text: "not addressed to the interface's MAC: flooded or promiscuous" },
  pass_malformed: { kind: 'pass', text: 'headers that cannot be read' },
  pass_icmp_unknown: { kind: 'pass', text: 'ICMP errors about connections that are not known' },
  pass_tunnel_error: { kind: 'pass', text: 'ICMP errors about tunnel packets of which no client can be told' },
  pass_reply_error: { kind: 'pass', text: "reply whose TTL ran out, or larger than its way's MTU" },
  drop_no_real_server: { kind: 'drop', text: 'no real server takes connections; the client is told by ICMP' },
  drop_real_server_gone: { kind: 'drop', text: "the connection's real server was deleted" },
  drop_no_next_hop: { kind: 'drop', text: 'the MAC address of the next hop is not known' },
  drop_ttl_exceeded: { kind: 'drop', text: 'TTL or hop limit ran out' },
  drop_too_big: { kind: 'drop', text: 'larger than the MTU; the sender is told by ICMP' },
  drop_too_big_no_df: {
    kind: 'drop',
    text: 'larger than the MTU without DF, or with pmtu_disc 0: XDP cannot fragment',
  },
  drop_tunnel_error: { kind: 'drop', text: 'ICMP errors about tunnel packets; the client is told by one of its own' },
  drop_encapsulation: { kind: 'drop', text: 'no room for the outer header or VLAN tags' },
  drop_untranslated: {
    kind: 'drop',
    text: 'what nat and fullnat cannot translate: SCTP in fragments to another port, a later fragment before its first; between the families fragments, source routes, and errors that the other one has no word for',
  },
  drop_defense: { kind: 'drop', text: 'opened a connection while drop_packet was at work' },
  drop_denied: { kind: 'drop', text: "from a source that the service's lists deny" },
  drop_over_rate: { kind: 'drop', text: 'a new connection by nat, over the limit of the rate' },
  drop_connection_limit: { kind: 'drop', text: 'a new connection of a service that has as many as it may' },
  drop_source_rate: { kind: 'drop', text: 'a new connection of a source that opens them faster than it may' },
  drop_source_limit: { kind: 'drop', text: 'a new connection of a source that has as many as it may' },
  drop_template_full: { kind: 'drop', text: "no room for a persistent client's template" },
  drop_table_full: { kind: 'drop', text: 'no room in the connection table for a connection by nat or fullnat' },
  drop_contended: {
    kind: 'drop',
    text: 'another CPU was opening a connection at the same place of the table, and was held up',
  },
  drop_no_local_port: { kind: 'drop', text: 'fullnat: no free port of a local address, or no local address' },
  drop_unknown_reply: {
    kind: 'drop',
    text: "a nat server's packet of no connection; it is told by ICMP (nat_icmp_send)",
  },
  icmp_sent: { kind: 'event', text: 'ICMP errors sent to clients' },
  icmp_rate_limited: { kind: 'event', text: 'ICMP errors held back by the rate limit' },
  connections_created: { kind: 'event', text: 'connections created' },
  connections_expired: { kind: 'event', text: 'connections expired' },
  connections_evicted: { kind: 'event', text: 'connections evicted from full buckets' },
  connections_shed: { kind: 'event', text: 'half-open connections taken out by drop_entry' },
  connections_without_server: { kind: 'event', text: 'connections ended by expire_nodest_conn' },
  one_packet: { kind: 'event', text: 'datagrams scheduled one by one' },
  connections_reused: { kind: 'event', text: 'closed connections scheduled anew by a SYN' },
  connections_over_rate: { kind: 'event', text: 'of those placed without an entry: over the limit of the rate' },
  connections_unrecorded: { kind: 'event', text: 'connections placed without an entry by the fallback ring' },
  followed_ring: { kind: 'event', text: 'packets without an entry that followed the fallback ring' },
  replies: { kind: 'event', text: 'packets of nat and fullnat servers sent to clients' },
  replies_returned: { kind: 'event', text: "of these, the way that the client's packets came" },
  toa_left_out: { kind: 'event', text: 'fullnat packets without room for the option that tells the client (TOA)' },
  tag_collisions: { kind: 'event', text: 'keys of one tag told apart by their full key' },
  connections_adopted: { kind: 'event', text: 'connections that another director told of' },
  sync_overflows: { kind: 'event', text: 'too much to tell another director at once: the whole table is told anew' },
} as const satisfies Record<string, { readonly kind: ReasonKind; readonly text: string }>;

/** A member of `struct counters`. */
export type Reason = keyof typeof REASONS;

export const REASON_NAMES = Object.keys(REASONS) as Reason[];
