/** Which option does what to the words. An option may stand only once, by the name that ipvsadm's messages give its kind. */
import { daemonGroup, daemonInterface, daemonNumber } from './daemon-options.ts';
import { fail } from './exit.ts';
import type { CheckedOption, OptionName } from './options.ts';
import * as server from './server-options.ts';
import * as service from './service-options.ts';
import type { Handler } from './words.ts';

/** Left out: options that are commands, or that ipvsadm does not take after one. */
export const HANDLERS: Partial<Readonly<Record<OptionName, Handler>>> = {
  'tcp-service': once('service-address', service.address('tcp')),
  'udp-service': once('service-address', service.address('udp')),
  'sctp-service': once('service-address', service.address('sctp')),
  'fwmark-service': once('service-address', service.fwmark),
  ipv6: service.ipv6,
  scheduler: once('scheduler', service.scheduler),
  persistent: once('persistent', service.persistent),
  netmask: once('netmask', service.netmask),
  ops: once('ops'),
  pe: once('pe', service.engine),
  'sched-flags': once('sched-flags'),
  'mh-size': once('mh-size', service.mhSize),

  'real-server': once('real-server', server.address),
  masquerading: once('forwarding-method', server.method('masquerading')),
  ipip: once('forwarding-method', server.method('ipip')),
  fullnat: once('forwarding-method', server.method('fullnat')),
  gatewaying: once('forwarding-method', server.method('gatewaying')),
  weight: once('weight', server.weight),
  'u-threshold': once('u-threshold', server.upperThreshold),
  'l-threshold': once('l-threshold', server.lowerThreshold),
  'tun-type': once('tun-type', server.tunnelType),
  'tun-port': once('tun-port', server.tunnelPort),
  'tun-nocsum': once('tun-nocsum'),
  'tun-csum': once('tun-csum'),
  'tun-remcsum': once('tun-remcsum'),

  numeric: once('numeric'),
  connection: once('connection'),
  timeout: once('timeout'),
  daemon: once('daemon'),
  stats: once('stats'),
  rate: once('rate'),
  thresholds: once('thresholds'),
  'persistent-conn': once('persistent-conn'),
  'tun-info': once('tun-info'),
  exact: once('exact'),
  nosort: once('nosort'),
  // The default; ipvsadm keeps the word for old scripts.
  sort: () => {},

  'mcast-interface': once('mcast-interface', daemonInterface),
  syncid: once('syncid', daemonNumber('syncid')),
  'mcast-group': once('mcast-group', daemonGroup),
  'mcast-port': once('mcast-port', daemonNumber('mcast-port')),
  'mcast-ttl': once('mcast-ttl', daemonNumber('mcast-ttl')),
  'sync-maxlen': once('sync-maxlen', daemonNumber('sync-maxlen')),
};

function once(name: CheckedOption, handle?: Handler): Handler {
  return (words, argument, names) => {
    if (words.options.has(name)) fail(`multiple '${name}' options specified`);
    words.options.add(name);
    return handle?.(words, argument, names);
  };
}
