/** Runs a program as another user from a process that is not root: UID, GID, program. Prints what it printed. */
import { runProgram } from '../../src/daemon/programs/run-program.ts';

const [uid = '', gid = '', ...argv] = process.argv.slice(2);
const lines: string[] = [];
const identity = { uid: Number(uid), gid: Number(gid), groups: null };
const exit = await runProgram({ argv, identity, onLine: (line) => lines.push(line) }).exit;
setTimeout(() => process.stdout.write(JSON.stringify({ exit, lines })), 100);
