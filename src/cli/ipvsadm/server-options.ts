/** Options of a real server. */
import { addressFamily } from '../../core/model/address.ts';
import { fail } from './exit.ts';
import { parseInteger } from './numbers.ts';
import { parseServiceAddress } from './service-address.ts';
import type { ForwardingMethod, Handler, TunnelType } from './words.ts';

const MAX_INT = 2147483647;

/** Without a port it is the service's, if that was named before. */
export const address: Handler = async ({ service, server }, text = '', names) => {
  const parsed = await parseServiceAddress(text, service.protocol, names);
  if (parsed === undefined) fail('illegal real server address[:port] specified');
  server.family = addressFamily(parsed.address);
  server.address = parsed.address;
  server.port = parsed.port ?? service.port;
};

export function method(name: ForwardingMethod): Handler {
  return ({ server }) => {
    server.method = name;
  };
}

/** Debian's range: upstream's ends at 65535. */
export const weight: Handler = ({ server }, text = '') => {
  server.weight = parseInteger(text, 0, MAX_INT) ?? fail('illegal weight specified');
};

export const upperThreshold: Handler = ({ server }, text = '') => {
  server.upperThreshold = parseInteger(text, 0, MAX_INT) ?? fail('illegal u_threshold specified');
};

export const lowerThreshold: Handler = ({ server }, text = '') => {
  server.lowerThreshold = parseInteger(text, 0, MAX_INT) ?? fail('illegal l_threshold specified');
};

export const tunnelType: Handler = ({ server }, text = '') => {
  if (!isTunnelType(text)) fail('illegal tunnel type specified');
  server.tunnelType = text;
};

export const tunnelPort: Handler = ({ server }, text = '') => {
  server.tunnelPort = parseInteger(text, 1, 65535) ?? fail('illegal tunnel port specified');
};

function isTunnelType(text: string): text is TunnelType {
  return text === 'ipip' || text === 'gue' || text === 'gre';
}
