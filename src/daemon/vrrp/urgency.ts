/** The VRRP thread goes before whatever else wants the CPU: being late is being dead, to a backup. */
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** Of this thread alone. Returns why not: CAP_SYS_NICE is needed. */
export function raiseOwnPriority(): string | null {
  try {
    // PID/task/TID: to Linux, the nice value is a thread's.
    const thread = Number(readlinkSync('/proc/thread-self').split('/')[2]);
    setPriority(thread, constants.priority.PRIORITY_HIGHEST);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
