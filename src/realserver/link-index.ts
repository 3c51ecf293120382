/** Interface names to indexes, of the network namespace that this process is in (sysfs may show another one's). */
import { openKernel } from '../net/kernel/netlink-kernel.ts';

/** Undefined: there is no interface of this name. */
export async function linkIndex(name: string): Promise<number | undefined> {
  const kernel = openKernel();
  try {
    return (await kernel.links()).find((link) => link.name === name)?.ifindex;
  } finally {
    kernel.close();
  }
}
