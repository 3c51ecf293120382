/** Options of a virtual service. */
import { addressFamily, addressWords } from '../../core/model/address.ts';
import { fail } from './exit.ts';
import type { NamedProtocol } from './names.ts';
import { leadingInteger, parseInteger } from './numbers.ts';
import { hostAddress, parseServiceAddress } from './service-address.ts';
import { parseTimeout } from './timeout.ts';
import type { Handler } from './words.ts';

/** Seconds of -p without a number. */
const DEFAULT_PERSISTENCE = 360;

export function address(protocol: NamedProtocol): Handler {
  return async ({ service }, text = '', names) => {
    const parsed = await parseServiceAddress(text, protocol, names);
    if (parsed === undefined) fail('illegal virtual server address[:port] specified');
    service.protocol = protocol;
    service.family = addressFamily(parsed.address);
    service.address = parsed.address;
    service.port = parsed.port ?? 0;
    // A mask that stands before an IPv6 address is lost.
    if (service.family === 6) service.netmask = undefined;
  };
}

export const fwmark: Handler = ({ service }, text = '') => {
  const mark = parseInteger(text, 1, 4294967295);
  if (mark === undefined) fail(`invalid fwmark value \`${text}' specified`);
  service.protocol = 'tcp';
  service.family = 4;
  service.fwmark = mark;
};

export const ipv6: Handler = ({ service }) => {
  // The empty line is ipvsadm's.
  if (service.fwmark === 0) fail('-6 used before -f\n');
  service.family = 6;
  service.netmask = undefined;
};

export const scheduler: Handler = ({ service }, name = '') => {
  service.scheduler = name.slice(0, 15);
};

export const persistent: Handler = ({ service }, text) => {
  service.persistence = text === undefined ? DEFAULT_PERSISTENCE : parseTimeout(text, 1);
};

export const netmask: Handler = async ({ service }, text = '', names) => {
  if (service.family === 6) {
    const length = leadingInteger(text);
    if (length < 1 || length > 128) fail('illegal ipv6 netmask specified');
    service.netmask = length;
    return;
  }
  const address = await hostAddress(text, names);
  if (address === undefined) fail('illegal virtual server persistent mask specified');
  service.netmask = addressWords(address)[0];
};

export const engine: Handler = ({ service }, name = '') => {
  service.engine = name.slice(0, 16);
};

/** xlb's own. That it is a prime is checked by the daemon, which says so. */
export const mhSize: Handler = ({ service }, text = '') => {
  const size = parseInteger(text, 1, 2147483647);
  if (size === undefined) fail('illegal mh-size specified');
  service.mhSize = size;
};
