/** What the driver of an interface takes off the stack's hands, as `ethtool -k` shows it. */
import { check, NetioError } from './error.ts';
import { addon } from './native.ts';

/** ETHTOOL_GTXCSUM of linux/ethtool.h. */
const GET_TRANSMIT_CHECKSUMS = 0x16;
/** IFNAMSIZ less the zero at its end. */
const LONGEST_NAME = 15;

/** Whether senders on it leave the checksums of TCP and UDP to the driver. Throws a NetioError: ENODEV where it is gone. */
export function leavesChecksums(device: string): boolean {
  const length = Buffer.byteLength(device);
  if (length < 1 || length > LONGEST_NAME) {
    throw new NetioError(`found the interface '${device}', expected 1 to ${LONGEST_NAME} bytes`, 'ARGUMENT');
  }
  const value = addon().ethtoolValue(device, GET_TRANSMIT_CHECKSUMS);
  check(value, `ask ${device} for its offloads`);
  return value !== 0;
}
