/** `xlb ipvsadm`, and the links named ipvsadm, ipvsadm-save and ipvsadm-restore. */
import { connect } from '../connect.ts';
import type { Env } from '../env.ts';
import { ApiBackend } from './api-backend.ts';
import { ipvsadm } from './main.ts';
import { SystemNames } from './names.ts';

/**
 * @param args words after `ipvsadm`
 * @param env `program` decides which of the three it is; any other name means ipvsadm
 * @returns ipvsadm's exit status
 */
export function runIpvsadm(args: readonly string[], env: Env): Promise<number> {
  return ipvsadm(args, env, new ApiBackend(connect(env), env.user), new SystemNames(env.readFile));
}
