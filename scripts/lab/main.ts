/** The lab as a command: build one to play with, look into it, remove it. */
import { spawnSync } from 'node:child_process';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { Lab } from './lab.ts';
import { startNginx } from './nginx.ts';
import { listLabs, namespaceName, removeLab, removeOrphans } from './registry.ts';
import { standardSpec } from './spec.ts';

const USAGE = `Usage: lab COMMAND
  up [--clients N] [--directors N] [--real-servers N] [--arms 1|2]
                             build a lab with nginx on its real servers, and leave it
  list                       the labs of this machine
  exec ID HOST COMMAND...    run a command on a host
  clean [ID | --all]         remove one, all, or those whose owner died
`;

const UP_OPTIONS = {
  clients: { type: 'string', default: '1' },
  directors: { type: 'string', default: '1' },
  'real-servers': { type: 'string', default: '3' },
  arms: { type: 'string', default: '1' },
} satisfies ParseArgsConfig['options'];

async function up(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: UP_OPTIONS });
  const spec = standardSpec({
    clients: Number(values.clients),
    directors: Number(values.directors),
    realServers: Number(values['real-servers']),
    arms: values.arms === '2' ? 2 : 1,
  });
  const lab = await Lab.build(spec, { keep: true });
  await Promise.all(lab.hosts.filter(({ name }) => name.startsWith('rs')).map((host) => startNginx(host)));
  console.log(`lab ${lab.id}`);
  for (const { name, spec } of lab.hosts) {
    console.log(`  ${name.padEnd(10)} ${spec.ports.flatMap(({ addresses }) => addresses).join('  ')}`);
  }
  // nginx goes on; this process need not wait for its output.
  process.exit(0);
}

function list(): number {
  for (const { id, state } of listLabs()) console.log(`${id}  ${state}`);
  return 0;
}

function exec([id, host, ...command]: string[]): number {
  if (id === undefined || host === undefined || command.length === 0) return usage();
  const enter = [`--net=/run/netns/${namespaceName(id, host)}`, '--', ...command];
  return spawnSync('nsenter', enter, { stdio: 'inherit' }).status ?? 1;
}

function clean([which]: string[]): number {
  if (which === undefined) for (const id of removeOrphans()) console.log(`removed ${id}`);
  else for (const { id } of listLabs()) if (which === '--all' || which === id) removeLab(id);
  return 0;
}

function usage(): number {
  process.stderr.write(USAGE);
  return 2;
}

const [command, ...rest] = process.argv.slice(2);
const commands: Record<string, (args: string[]) => number | Promise<number>> = { up, list, exec, clean };
process.exitCode = await (commands[command ?? ''] ?? usage)(rest);
