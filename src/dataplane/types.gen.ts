// Made by scripts/generate-types.ts from the BTF of xlb.bpf.o; do not edit.
// What the fields mean stands in bpf/types.h. Integers of 64 bits are bigints; __be16
// and __be32, in network order in memory, are plain numbers here.

/** enum address_family */
export const AddressFamily = {
  FAMILY_IPV4: 4,
  FAMILY_IPV6: 6,
} as const;

/** enum adopt_outcome */
export const AdoptOutcome = {
  ADOPT_NEW: 1,
  ADOPT_KNOWN: 2,
  ADOPT_REPLACED: 3,
  ADOPT_OUTDATED: 4,
  ADOPT_NO_ROOM: 5,
  ADOPT_GONE: 6,
} as const;

/** enum cached_kind */
export const CachedKind = {
  CACHED_EXACT: 0,
  CACHED_OTHER: 1,
  CACHED_NONE: 2,
  CACHED_BY_SOURCE: 3,
} as const;

/** enum connection_flag */
export const ConnectionFlag = {
  CONNECTION_LIMITED: 1,
  CONNECTION_CONTROLLED: 1024,
  CONNECTION_GENERATION_SHIFT: 11,
} as const;

/** enum connection_limit */
export const ConnectionLimit = {
  CONNECTION_WAYS: 8,
  CONNECTION_STATES: 32,
} as const;

/** enum connection_state */
export const ConnectionState = {
  CONNECTION_FREE: 0,
  CONNECTION_ESTABLISHED: 1,
  CONNECTION_SYN_SENT: 2,
  CONNECTION_SYN_RECV: 3,
  CONNECTION_FIN_WAIT: 4,
  CONNECTION_TIME_WAIT: 5,
  CONNECTION_CLOSE: 6,
  CONNECTION_CLOSE_WAIT: 7,
  CONNECTION_LAST_ACK: 8,
  CONNECTION_LISTEN: 9,
  CONNECTION_SYNACK: 10,
  CONNECTION_NONE: 11,
  CONNECTION_UDP: 12,
  CONNECTION_SCTP_NONE: 13,
  CONNECTION_SCTP_INIT1: 14,
  CONNECTION_SCTP_INIT: 15,
  CONNECTION_SCTP_COOKIE_SENT: 16,
  CONNECTION_SCTP_COOKIE_REPLIED: 17,
  CONNECTION_SCTP_COOKIE_WAIT: 18,
  CONNECTION_SCTP_COOKIE: 19,
  CONNECTION_SCTP_COOKIE_ECHOED: 20,
  CONNECTION_SCTP_ESTABLISHED: 21,
  CONNECTION_SCTP_SHUTDOWN_SENT: 22,
  CONNECTION_SCTP_SHUTDOWN_RECEIVED: 23,
  CONNECTION_SCTP_SHUTDOWN_ACK_SENT: 24,
  CONNECTION_SCTP_REJECTED: 25,
  CONNECTION_SCTP_CLOSED: 26,
  CONNECTION_REPLY: 30,
  CONNECTION_BUSY: 31,
} as const;

/** enum entry_shift */
export const EntryShift = {
  ENTRY_TAG_SHIFT: 38,
  ENTRY_CONFIRM_SHIFT: 37,
  ENTRY_INDEX_SHIFT: 21,
  ENTRY_STATE_SHIFT: 16,
} as const;

/** enum interface_flag */
export const InterfaceFlag = {
  INTERFACE_ATTACHED: 1,
} as const;

/** enum interface_limit */
export const InterfaceLimit = {
  INTERFACE_SLOTS: 1024,
} as const;

/** enum limit_id */
export const LimitId = {
  LIMIT_OF_ALL: 0,
} as const;

/** enum limit_option */
export const LimitOption = {
  LIMIT_ALLOWED_ONLY: 1,
} as const;

/** enum limit_room */
export const LimitRoom = {
  MAX_SOURCES: 65536,
  MAX_LISTED: 65536,
} as const;

/** enum local_limit */
export const LocalLimit = {
  LOCAL_ADDRESSES: 64,
  LOCAL_TRIES: 256,
} as const;

/** enum locality_limit */
export const LocalityLimit = {
  LOCALITY_MEMBERS: 32,
} as const;

/** enum method */
export const Method = {
  METHOD_DR: 1,
  METHOD_TUN: 2,
  METHOD_NAT: 3,
  METHOD_FULLNAT: 4,
} as const;

/** enum option */
export const Option = {
  OPTION_EXPIRE_NODEST_CONN: 1,
  OPTION_EXPIRE_QUIESCENT_TEMPLATE: 2,
  OPTION_REUSE: 4,
  OPTION_REUSE_FIN_WAIT: 8,
  OPTION_SLOPPY_TCP: 16,
  OPTION_SLOPPY_SCTP: 32,
  OPTION_SECURE_TCP: 64,
  OPTION_SCHEDULE_ICMP: 128,
  OPTION_NAT_ICMP_SEND: 256,
  OPTION_PMTU_DISC: 512,
  OPTION_FTP: 1024,
  OPTION_ROUTE_REPLIES: 2048,
  OPTION_SNAT_REROUTE: 4096,
  OPTION_SYNC: 8192,
  OPTION_LIMIT_ALL: 16384,
} as const;

/** enum real_server_flag */
export const RealServerFlag = {
  REAL_SERVER_AVAILABLE: 1,
  REAL_SERVER_ELIGIBLE: 2,
  REAL_SERVER_OUTER_DF: 4,
  REAL_SERVER_COPY_DF: 8,
  REAL_SERVER_TUNNEL_SUM: 16,
} as const;

/** enum reply_number */
export const ReplyNumber = {
  NO_REPLY: -1,
} as const;

/** enum reply_shift */
export const ReplyShift = {
  REPLY_MARK: -2147483648,
  REPLY_PROTOCOL_SHIFT: 23,
  REPLY_SERVER_MASK: 8388607,
  REPLY_PORT_MASK: 2047,
  REPLY_OTHER_FAMILY: 2048,
  REPLY_TAGS_SHIFT: 12,
  REPLY_SERVICE_TAG: 16384,
  REPLY_LOCAL: 32768,
} as const;

/** enum router_limit */
export const RouterLimit = {
  ROUTER_WORDS: 16,
} as const;

/** enum schedule_limit */
export const ScheduleLimit = {
  TURNS_PER_LINE: 4,
  RING_SLOTS_PER_LINE: 32,
  RING_EMPTY: 65535,
  HASH_SLOTS: 256,
} as const;

/** enum scheduler */
export const Scheduler = {
  SCHEDULER_RR: 1,
  SCHEDULER_WRR: 2,
  SCHEDULER_MH: 3,
  SCHEDULER_LC: 4,
  SCHEDULER_WLC: 5,
  SCHEDULER_LBLC: 6,
  SCHEDULER_LBLCR: 7,
  SCHEDULER_DH: 8,
  SCHEDULER_SH: 9,
  SCHEDULER_SED: 10,
  SCHEDULER_NQ: 11,
  SCHEDULER_FO: 12,
  SCHEDULER_OVF: 13,
  SCHEDULER_TWOS: 14,
} as const;

/** enum service_flag */
export const ServiceFlag = {
  SERVICE_HASH_PORT: 1,
  SERVICE_HASH_FALLBACK: 2,
  SERVICE_LIMITED: 4,
  SERVICE_LISTED: 8,
  SERVICE_TOA: 16,
  SERVICE_ONE_PACKET: 128,
} as const;

/** enum settings_limit */
export const SettingsLimit = {
  HASH_KEY_WORDS: 24,
} as const;

/** enum source_verdict */
export const SourceVerdict = {
  SOURCE_ALLOWED: 1,
  SOURCE_DENIED: 2,
} as const;

/** enum sync_limit */
export const SyncLimit = {
  SYNC_EVENTS_BYTES: 1048576,
} as const;

/** enum sync_shift */
export const SyncShift = {
  SYNC_PACKETS_MASK: 33554431,
  SYNC_STATE_SHIFT: 25,
  SYNC_RETRIES_SHIFT: 30,
} as const;

/** enum template_flag */
export const TemplateFlag = {
  TEMPLATE_ASSURED: 1,
} as const;

/** enum tunnel */
export const Tunnel = {
  TUNNEL_IPIP: 0,
  TUNNEL_GUE: 17,
  TUNNEL_GRE: 47,
} as const;

/** enum vip_filter_limit */
export const VipFilterLimit = {
  VIP_FILTER_BITS: 65536,
  VIP_FILTER_WORDS: 1024,
  REPLY_FILTER: 1024,
  WIDE_FILTER_IPV4: 2048,
  WIDE_FILTER_IPV6: 3072,
  FILTER_WORDS: 4096,
} as const;

/** enum vlan_mode */
export const VlanMode = {
  VLAN_KEEP: 0,
  VLAN_EXPLICIT: 1,
} as const;

/** struct address */
export interface Address {
  readonly word: readonly number[];
}

/** struct adopt_arguments */
export interface AdoptArguments {
  readonly service: ServiceKey;
  readonly source: Address;
  readonly destination: Address;
  readonly source_port: number;
  readonly destination_port: number;
  readonly service_id: number;
  readonly real_server: number;
  readonly index: number;
  readonly state: number;
  readonly timeout: number;
  readonly packets: number;
  readonly inactive: number;
  readonly protocol: number;
  readonly outcome: number;
}

/** struct adopt_template_arguments */
export interface AdoptTemplateArguments {
  readonly service: ServiceKey;
  readonly client: Address;
  readonly service_id: number;
  readonly real_server: number;
  readonly index: number;
  readonly timeout: number;
  readonly assured: number;
  readonly outcome: number;
}

/** struct cached_service */
export interface CachedService {
  readonly service: Service;
  readonly key: ServiceKey;
  readonly epoch: number;
  readonly kind: number;
  readonly pad?: number;
  readonly source: readonly bigint[];
}

/** struct clock_arguments */
export interface ClockArguments {
  readonly jiffies: bigint;
  readonly nanoseconds: bigint;
  readonly now: number;
  readonly pad?: number;
}

/** struct connection_bucket */
export interface ConnectionBucket {
  readonly entry: readonly bigint[];
}

/** struct connection_key */
export interface ConnectionKey {
  readonly source: Address;
  readonly destination: Address;
  readonly source_port: number;
  readonly destination_port: number;
  readonly service: number;
  readonly real_server: number;
  readonly created: number;
  readonly reply: number;
  readonly first_ack: number;
  readonly flags: number;
}

/** struct counters */
export interface Counters {
  readonly forwarded: bigint;
  readonly pass_no_connection: bigint;
  readonly pass_fragment: bigint;
  readonly pass_other_mac: bigint;
  readonly pass_malformed: bigint;
  readonly pass_icmp_unknown: bigint;
  readonly pass_tunnel_error: bigint;
  readonly pass_reply_error: bigint;
  readonly drop_no_real_server: bigint;
  readonly drop_real_server_gone: bigint;
  readonly drop_no_next_hop: bigint;
  readonly drop_ttl_exceeded: bigint;
  readonly drop_too_big: bigint;
  readonly drop_too_big_no_df: bigint;
  readonly drop_tunnel_error: bigint;
  readonly drop_encapsulation: bigint;
  readonly drop_untranslated: bigint;
  readonly drop_defense: bigint;
  readonly drop_denied: bigint;
  readonly drop_over_rate: bigint;
  readonly drop_connection_limit: bigint;
  readonly drop_source_rate: bigint;
  readonly drop_source_limit: bigint;
  readonly drop_template_full: bigint;
  readonly drop_table_full: bigint;
  readonly drop_contended: bigint;
  readonly drop_no_local_port: bigint;
  readonly drop_unknown_reply: bigint;
  readonly icmp_sent: bigint;
  readonly icmp_rate_limited: bigint;
  readonly connections_created: bigint;
  readonly connections_expired: bigint;
  readonly connections_evicted: bigint;
  readonly connections_shed: bigint;
  readonly connections_without_server: bigint;
  readonly one_packet: bigint;
  readonly connections_reused: bigint;
  readonly connections_over_rate: bigint;
  readonly connections_unrecorded: bigint;
  readonly followed_ring: bigint;
  readonly replies: bigint;
  readonly replies_returned: bigint;
  readonly toa_left_out: bigint;
  readonly tag_collisions: bigint;
  readonly connections_adopted: bigint;
  readonly sync_overflows: bigint;
}

/** struct flow_hash */
export interface FlowHash {
  readonly bucket: number;
  readonly tag: number;
  readonly ring: number;
}

/** struct fragment */
export interface Fragment {
  readonly service: ServiceKey;
  readonly service_id: number;
  readonly real_server: number;
  readonly flow: number;
  readonly header_end: number;
  readonly seen_at: number;
  readonly index: number;
  readonly reply: number;
}

/** struct fragment_key */
export interface FragmentKey {
  readonly source: Address;
  readonly destination: Address;
  readonly id: number;
  readonly protocol: number;
  readonly family: number;
  readonly pad?: number;
}

/** struct icmp_tokens */
export interface IcmpTokens {
  readonly refilled_at: bigint;
  readonly tokens: bigint;
}

/** struct interface */
export interface Interface {
  readonly ifindex: number;
  readonly mac: Uint8Array;
  readonly flags: number;
  readonly pad?: number;
  readonly routers: readonly number[];
}

/** struct limit */
export interface Limit {
  readonly window: bigint;
  readonly source_window: bigint;
  readonly interval: number;
  readonly source_interval: number;
  readonly connections: number;
  readonly source_connections: number;
  readonly options: number;
  readonly pad?: number;
}

/** struct limit_counts */
export interface LimitCounts {
  readonly over_rate: bigint;
  readonly over_connections: bigint;
  readonly over_source_rate: bigint;
  readonly over_source_connections: bigint;
  readonly denied: bigint;
}

/** struct limit_state */
export interface LimitState {
  readonly arrival: bigint;
  readonly connections: number;
  readonly over_at: number;
}

/** struct listed_key */
export interface ListedKey {
  readonly length: number;
  readonly service: number;
  readonly source: Address;
}

/** struct live_count */
export interface LiveCount {
  readonly active: number;
  readonly inactive: number;
  readonly overloaded: number;
  readonly upper: number;
  readonly lower: number;
  readonly persistent: number;
  readonly gone: number;
  readonly pad?: readonly number[];
}

/** struct local_address */
export interface LocalAddress {
  readonly address: Address;
  readonly first_port: number;
  readonly last_port: number;
}

/** struct local_pool */
export interface LocalPool {
  readonly count: number;
  readonly ports: number;
  readonly address: readonly LocalAddress[];
}

/** struct local_pool_key */
export interface LocalPoolKey {
  readonly service: number;
  readonly family: number;
}

/** struct locality */
export interface Locality {
  readonly member: LocalityMember;
  readonly used_at: number;
}

/** struct locality_key */
export interface LocalityKey {
  readonly service: number;
  readonly epoch: number;
  readonly destination: Address;
}

/** struct locality_member */
export interface LocalityMember {
  readonly real_server: number;
  readonly index: number;
  readonly pad?: number;
}

/** struct locality_set */
export interface LocalitySet {
  readonly changed_at: number;
  readonly used_at: number;
  readonly size: number;
  readonly pad?: number;
  readonly member: readonly LocalityMember[];
}

/** struct lookup */
export interface Lookup {
  readonly hash: FlowHash;
  readonly second: number;
  readonly now: number;
  readonly opening: number;
  readonly confirm: number;
  readonly flags: number;
  readonly over: number;
  readonly limited: number;
}

/** struct mark_destination_key */
export interface MarkDestinationKey {
  readonly prefix_length: number;
  readonly family: number;
  readonly address: Address;
}

/** struct mark_port */
export interface MarkPort {
  readonly mark: number;
  readonly sources: number;
  readonly source_length: number;
}

/** struct mark_port_key */
export interface MarkPortKey {
  readonly prefix_length: number;
  readonly destination: number;
  readonly protocol: number;
  readonly pad?: number;
  readonly port: number;
}

/** struct mark_source_key */
export interface MarkSourceKey {
  readonly prefix_length: number;
  readonly sources: number;
  readonly address: Address;
}

/** struct nat_job */
export interface NatJob {
  readonly task: number;
  readonly packet: Packet;
  readonly service_id: number;
  readonly real_server: number;
  readonly schedule: number;
  readonly line: number;
  readonly quote: number;
  readonly quoted_ports: number;
  readonly keeps_port: number;
  readonly flags: number;
  readonly local: number;
  readonly reply: Packet;
  readonly out: Packet;
  readonly client: Address;
  readonly fragment: FragmentKey;
  readonly lookup: Lookup;
  readonly translation: Translation;
  readonly hop: NextHop;
  readonly client_port: number;
  readonly client_family: number;
  readonly is_local: number;
  readonly tos: number;
  readonly ttl: number;
  readonly head: Uint8Array;
  readonly mtu: number;
}

/** struct nat_server */
export interface NatServer {
  readonly source: Address;
}

/** struct next_hop */
export interface NextHop {
  readonly mac: Uint8Array;
  readonly port: number;
  readonly vlan_mode: number;
  readonly vlan_count: number;
  readonly vlan_tci: readonly number[];
  readonly vlan_tpid: number;
}

/** struct packet */
export interface Packet {
  readonly source: Address;
  readonly destination: Address;
  readonly source_port: number;
  readonly destination_port: number;
  readonly length: number;
  readonly protocol: number;
  readonly family: number;
  readonly event: number;
  readonly quiet: number;
  readonly transport: number;
  readonly news: number;
  readonly partial: number;
}

/** struct real_server */
export interface RealServer {
  readonly address: Address;
  readonly outer_source: Address;
  readonly id: number;
  readonly next_hop: number;
  readonly port: number;
  readonly mtu: number;
  readonly turns_after: number;
  readonly method: number;
  readonly family: number;
  readonly flags: number;
  readonly spread_bits: number;
  readonly outer_sum: number;
  readonly weight: number;
  readonly tunnel_port: number;
  readonly tunnel: number;
  readonly overhead: number;
  readonly pad?: Uint8Array;
}

/** struct schedule_draw */
export interface ScheduleDraw {
  readonly number: bigint;
  readonly load: bigint;
  readonly weight: number;
  readonly index: number;
}

/** union schedule_line: one member when written, all of them when read */
export interface ScheduleLine {
  readonly server?: RealServer;
  readonly turns?: readonly Turn[];
  readonly ring?: readonly number[];
}

/** struct schedule_scratch */
export interface ScheduleScratch {
  readonly load: bigint;
  readonly total: bigint;
  readonly draw: readonly ScheduleDraw[];
  readonly from: number;
  readonly weight: number;
  readonly reached: number;
  readonly index: number;
  readonly level: number;
  readonly cursor: number;
  readonly flag: number;
  readonly pad?: number;
  readonly key: LocalityKey;
  readonly set: LocalitySet;
}

/** struct scheduler_state */
export interface SchedulerState {
  readonly word: bigint;
  readonly epoch: number;
  readonly pad?: number;
}

/** struct service */
export interface Service {
  readonly key: ServiceKey;
  readonly id: number;
  readonly schedule: number;
  readonly slot_count: number;
  readonly turns_line: number;
  readonly turn_count: number;
  readonly ring_line: number;
  readonly ring_size: number;
  readonly weight_max: number;
  readonly weight_gcd: number;
  readonly generation: number;
  readonly scheduler: number;
  readonly flags: number;
  readonly persistence: number;
  readonly mask: Address;
}

/** struct service_key */
export interface ServiceKey {
  readonly address: Address;
  readonly port: number;
  readonly protocol: number;
  readonly family: number;
}

/** struct settings */
export interface Settings {
  readonly hash_key: readonly bigint[];
  readonly timeout: readonly number[];
  readonly clock_offset: number;
  readonly hertz: number;
  readonly jiffy_scale: number;
  readonly bucket_mask: number;
  readonly icmp_rate: number;
  readonly icmp_burst: number;
  readonly lblc_expiration: number;
  readonly lblcr_expiration: number;
  readonly options: number;
  readonly drop_rate: number;
  readonly sync_threshold: number;
  readonly sync_period: number;
  readonly sync_refresh: number;
  readonly sync_retries: number;
}

/** struct settle_arguments */
export interface SettleArguments {
  readonly key: ServiceKey;
  readonly restart: number;
}

/** struct source_key */
export interface SourceKey {
  readonly service: number;
  readonly source: Address;
}

/** struct source_state */
export interface SourceState {
  readonly arrival: bigint;
  readonly connections: number;
  readonly pad?: number;
}

/** struct sweep_arguments */
export interface SweepArguments {
  readonly first: number;
  readonly count: number;
  readonly recount: number;
  readonly shed: number;
  readonly now: number;
  readonly expired: number;
  readonly alive: number;
}

/** struct sweep_templates_arguments */
export interface SweepTemplatesArguments {
  readonly recount: number;
  readonly shed: number;
  readonly expired: number;
  readonly alive: number;
}

/** struct sync_progress */
export interface SyncProgress {
  readonly word: number;
  readonly ends: number;
}

/** struct template */
export interface Template {
  readonly real_server: number;
  readonly index: number;
  readonly flags: number;
  readonly deadline: number;
  readonly timeout: number;
  readonly connections: number;
  readonly bound_at: number;
  readonly counted: number;
  readonly generation: number;
  readonly drift: number;
}

/** struct template_key */
export interface TemplateKey {
  readonly service: number;
  readonly client: Address;
}

/** struct template_mask */
export interface TemplateMask {
  readonly mask: Address;
}

/** struct traffic */
export interface Traffic {
  readonly connections: bigint;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly out_packets: bigint;
  readonly out_bytes: bigint;
}

/** struct translation */
export interface Translation {
  readonly address: Address;
  readonly at: number;
  readonly port: number;
  readonly transport: number;
  readonly protocol: number;
  readonly family: number;
  readonly side: number;
  readonly pad?: number;
  readonly length: number;
}

/** struct turn */
export interface Turn {
  readonly id: number;
  readonly weight: number;
  readonly index: number;
  readonly pad?: number;
  readonly pad2?: number;
}

/** struct unrecorded */
export interface Unrecorded {
  readonly placed_at: number;
  readonly followed_until: number;
}

/** Every map, by name. */
export interface MapTypes {
  readonly adopt_job: readonly [key: number, value: NatJob];
  readonly connection_keys: readonly [key: number, value: ConnectionKey];
  readonly connections: readonly [key: number, value: ConnectionBucket];
  readonly counters: readonly [key: number, value: Counters];
  readonly defense_turn: readonly [key: number, value: number];
  readonly fragments: readonly [key: FragmentKey, value: Fragment];
  readonly icmp_tokens: readonly [key: number, value: IcmpTokens];
  readonly interfaces: readonly [key: number, value: Interface];
  readonly limit_counts: readonly [key: number, value: LimitCounts];
  readonly limit_states: readonly [key: number, value: LimitState];
  readonly limits: readonly [key: number, value: Limit];
  readonly live_counts: readonly [key: number, value: LiveCount];
  readonly local_cursor: readonly [key: number, value: number];
  readonly local_pools: readonly [key: LocalPoolKey, value: LocalPool];
  readonly localities: readonly [key: LocalityKey, value: Locality];
  readonly locality_sets: readonly [key: LocalityKey, value: LocalitySet];
  readonly mark_destinations: readonly [key: MarkDestinationKey, value: number];
  readonly mark_ports: readonly [key: MarkPortKey, value: MarkPort];
  readonly mark_sources: readonly [key: MarkSourceKey, value: number];
  readonly nat_jobs: readonly [key: number, value: NatJob];
  readonly nat_servers: readonly [key: ServiceKey, value: NatServer];
  readonly next_hops: readonly [key: number, value: NextHop];
  readonly next_program: readonly [key: number, value: number];
  readonly next_program_frags: readonly [key: number, value: number];
  readonly recount: readonly [key: number, value: LiveCount];
  readonly schedule_scratch: readonly [key: number, value: ScheduleScratch];
  readonly scheduler_states: readonly [key: number, value: SchedulerState];
  readonly schedules: readonly [key: number, value: ScheduleLine];
  readonly server_traffic: readonly [key: number, value: Traffic];
  readonly service_cache: readonly [key: number, value: CachedService];
  readonly service_epoch: readonly [key: number, value: number];
  readonly service_traffic: readonly [key: number, value: Traffic];
  readonly services: readonly [key: ServiceKey, value: Service];
  readonly settings: readonly [key: number, value: Settings];
  readonly source_states: readonly [key: SourceKey, value: SourceState];
  readonly sources: readonly [key: ListedKey, value: number];
  readonly sync_events: readonly [key: Uint8Array, value: Uint8Array];
  readonly sync_progress: readonly [key: number, value: SyncProgress];
  readonly template_masks: readonly [key: number, value: TemplateMask];
  readonly templates: readonly [key: TemplateKey, value: Template];
  readonly tx_ports: readonly [key: number, value: number];
  readonly unrecorded: readonly [key: number, value: Unrecorded];
  readonly vip_filter: readonly [key: number, value: bigint];
}
