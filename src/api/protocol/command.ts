/**
 * Requests that change something. A request carries a list of commands that is
 * applied as a whole or not at all. Every object is strict: an unknown field is
 * an error that names it.
 *
 * The wire says `ring_size` where core says `ringSize`; `commandFromWire` and
 * `commandToWire` are the only place that knows both.
 */
import * as z from 'zod';
import { MAX_BURST, MAX_RATE } from '../../core/model/limits.ts';
import { SYSCTL_NAMES, SYSCTLS, type SysctlName } from '../../core/model/sysctls.ts';
import {
  addressSchema,
  markSchema,
  methodSchema,
  portsSchema,
  prefixSchema,
  protocolSchema,
  schedulerSchema,
  serverKeySchema,
  serviceKeySchema,
  timeSchema,
  withServiceKey,
} from './scalars.ts';

const weightSchema = z.int().min(0).max(2147483647).describe('0 quiesces: no new connections');
const thresholdSchema = z.int().min(0).max(4294967295).describe('connections; 0: no threshold');

/** An operator's override. What is left out of `by` and `at` is filled in by the daemon. */
export const adminRequestSchema = z.strictObject({
  action: z.literal('drain'),
  reason: z.string().max(200),
  by: z.string().max(64).optional(),
  at: timeSchema.optional(),
});

/** Tunnels other than IP in IP; `remote`: GUE's remote checksum offload. */
export const encapsulationSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('gue'),
    port: z.int().min(1).max(65535).describe("UDP's"),
    checksum: z.enum(['none', 'full', 'remote']),
  }),
  z.strictObject({ type: z.literal('gre'), checksum: z.enum(['none', 'full']) }),
]);

export const serverSpecSchema = z.strictObject({
  ...serverKeySchema.shape,
  method: methodSchema.optional().describe('dr where left out'),
  encapsulation: encapsulationSchema.optional().describe('tun: IP in IP where left out'),
  weight: weightSchema.optional().describe('1 where left out'),
  upper_threshold: thresholdSchema.optional(),
  lower_threshold: thresholdSchema.optional(),
});

export const schedulerOptionsSchema = z.strictObject({
  port: z.boolean().optional().describe('mh: the source port is hashed too'),
  fallback: z.boolean().optional().describe("mh: an unavailable server's flows go to other slots"),
  ring_size: z.int().min(1).max(2147483647).optional().describe('mh: slots of the ring, a prime'),
});

const timeoutSchema = z.int().min(1).max(2678400);

export const persistenceSchema = z.strictObject({
  timeout_s: timeoutSchema.optional().describe('how long a template outlives its last connection; 360 where left out'),
  netmask: addressSchema
    .optional()
    .describe("bits of a client's address that tell it from others, like 255.255.255.0 or ffff:ffff::; all of them"),
});

export const timeoutsSchema = z.strictObject({
  tcp_s: timeoutSchema.optional().describe('ESTABLISHED'),
  tcp_fin_s: timeoutSchema.optional().describe('FIN_WAIT'),
  udp_s: timeoutSchema.optional(),
});

const sysctlSchema = (name: SysctlName) => {
  const { min, max, text } = SYSCTLS[name];
  return z.int().min(min).max(max).optional().describe(text);
};

export const sysctlsSchema = z.strictObject(
  Object.fromEntries(SYSCTL_NAMES.map((name) => [name, sysctlSchema(name)])) as Record<
    SysctlName,
    ReturnType<typeof sysctlSchema>
  >,
);

const rateSchema = z.int().min(0).max(MAX_RATE);
const burstSchema = z.int().min(0).max(MAX_BURST);
const prefixesSchema = z.array(z.string().max(64)).max(65536);

export const limitsSchema = z.strictObject({
  rate: rateSchema.optional().describe('new connections a second; over it the fallback ring places them, nat refuses'),
  burst: burstSchema.optional().describe('how many may come at once; as many as rate where left out'),
  source_rate: rateSchema.optional().describe('the same of one source (of IPv6 a /64), whose packets are dropped'),
  source_burst: burstSchema.optional(),
  connections: thresholdSchema.optional().describe('at a time, those that close not counted'),
  source_connections: thresholdSchema.optional(),
  allow: prefixesSchema.optional().describe('like 192.0.2.0/24; the rest is denied'),
  deny: prefixesSchema.optional().describe('of both lists the longest prefix decides'),
});

export const engineSchema = z.enum(['sip']);

export const serviceFields = {
  scheduler: schedulerSchema.optional().describe('mh where left out'),
  options: schedulerOptionsSchema.optional(),
  persistence: persistenceSchema.nullable().optional().describe('none where left out'),
  one_packet: z.boolean().optional().describe('UDP: each datagram is placed by itself; false where left out'),
  engine: engineSchema.nullable().optional().describe('persistence engine; none where left out'),
  limits: limitsSchema.nullable().optional().describe('left out of an edit they stay'),
  toa: z
    .boolean()
    .optional()
    .describe('fullnat, TCP: real servers are told the client in a TCP option; false where left out'),
};

export const serviceSpecSchema = withServiceKey(serviceFields);

const spreadSchema = z.strictObject({ address: addressSchema, prefix: z.int().min(0).max(128) }).nullable();

export const tunnelSchema = z.strictObject({
  outer_df: z.enum(['copy', 'set', 'clear']).optional().describe("the outer IPv4 header's DF bit"),
  spread_v4: spreadSchema.optional().describe('prefix to spread outer sources over; null: own address'),
  spread_v6: spreadSchema.optional(),
});

export const markSelectorSchema = z.strictObject({
  destination: prefixSchema,
  source: prefixSchema.nullable().optional().describe('from anywhere where left out'),
  protocols: z.array(protocolSchema).max(3).optional().describe('all where left out or empty'),
  ports: z.array(portsSchema).max(1000).optional().describe('all where left out or empty'),
});

export const markRuleSchema = z.strictObject({ ...markSelectorSchema.shape, mark: markSchema });

export const syncStateSchema = z.enum(['master', 'backup']);

export const syncDaemonSchema = z.strictObject({
  interface: z.string().min(1).max(15),
  sync_id: z.int().min(0).max(255).optional().describe('0 where left out'),
  max_length: z.int().min(1).max(65535).optional().describe("bytes of a datagram's content"),
  group: addressSchema.optional().describe('224.0.0.81 where left out'),
  port: z.int().min(1).max(65535).optional().describe('8848 where left out'),
  ttl: z.int().min(1).max(255).optional().describe('1 where left out'),
});

export const syncDaemonsSchema = z.strictObject({
  master: syncDaemonSchema.nullable(),
  backup: syncDaemonSchema.nullable(),
});

const localPortSchema = z.int().min(1).max(65535);

/** An address that packets to real servers of fullnat leave by. */
export const localAddressSchema = z.strictObject({
  address: addressSchema,
  service: serviceKeySchema
    .nullable()
    .optional()
    .describe('whose real servers; null or left out: those of every service that has none of its own'),
  first_port: localPortSchema.optional().describe('1024 where left out'),
  last_port: localPortSchema.optional().describe('65535 where left out'),
});

const server = { service: serviceKeySchema, server: serverKeySchema };
const spec = { service: serviceKeySchema, server: serverSpecSchema };

export const commandSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('service.add'), service: serviceSpecSchema }),
  z.strictObject({ type: z.literal('service.edit'), service: serviceSpecSchema }),
  z.strictObject({ type: z.literal('service.delete'), service: serviceKeySchema }),
  z.strictObject({ type: z.literal('server.add'), ...spec }),
  z.strictObject({ type: z.literal('server.edit'), ...spec }),
  z.strictObject({ type: z.literal('server.delete'), ...server }),
  z.strictObject({ type: z.literal('server.drain'), ...server, admin: adminRequestSchema.nullable() }),
  z.strictObject({ type: z.literal('tunnel.set'), tunnel: tunnelSchema }),
  z.strictObject({ type: z.literal('timeouts.set'), timeouts: timeoutsSchema }),
  z.strictObject({ type: z.literal('sync.start'), state: syncStateSchema, daemon: syncDaemonSchema }),
  z.strictObject({ type: z.literal('sync.set'), daemons: syncDaemonsSchema }),
  z.strictObject({ type: z.literal('sync.stop'), state: syncStateSchema }),
  z.strictObject({ type: z.literal('sysctl.set'), values: sysctlsSchema }),
  z.strictObject({ type: z.literal('local.add'), local: localAddressSchema }),
  z.strictObject({ type: z.literal('local.delete'), local: localAddressSchema }),
  z.strictObject({ type: z.literal('local.set'), addresses: z.array(localAddressSchema) }),
  z.strictObject({ type: z.literal('mark.add'), rule: markRuleSchema }),
  z.strictObject({ type: z.literal('mark.delete'), rule: markSelectorSchema }),
  z.strictObject({ type: z.literal('mark.set'), rules: z.array(markRuleSchema).max(100_000) }),
  z.strictObject({ type: z.literal('clear') }),
  z.strictObject({
    type: z.literal('replace'),
    services: z.array(withServiceKey({ ...serviceFields, servers: z.array(serverSpecSchema) })),
  }),
]);

export const commandsRequestSchema = z.strictObject({
  commands: z.array(commandSchema).max(100_000),
  dry_run: z.boolean().optional(),
  user: z.string().max(64).optional().describe('who asks; shown with what was changed'),
});

export const zeroRequestSchema = z.strictObject({
  service: serviceKeySchema.optional().describe('left out: every service'),
});

export const attachRequestSchema = z.strictObject({
  mode: z.enum(['native', 'generic', 'auto']).optional().describe('auto: native, else generic with a warning'),
});

export const detachRequestSchema = z.strictObject({});

export type WireCommand = z.input<typeof commandSchema>;
export type ParsedCommand = z.output<typeof commandSchema>;
export type CommandsRequest = z.input<typeof commandsRequestSchema>;
export type AttachMode = 'native' | 'generic' | 'auto';
