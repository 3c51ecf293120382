/** The block `xlb`: what keepalived has no word for. The words are those of xlbd's options. */
import type { Form } from '../form.ts';
import { address } from '../forms/addresses.ts';
import { sequence } from '../forms/compose.ts';
import { localRange } from '../forms/local-addresses.ts';
import { markRule } from '../forms/marks.ts';
import { integer, port } from '../forms/numbers.ts';
import { choice, directory, file, interfaceName, name, optional } from '../forms/words.ts';
import { keyword } from '../keyword.ts';

const mode = choice('auto', 'native', 'generic');

export const XLB = {
  interface: keyword(
    sequence({ name: interfaceName, mode: optional(mode) }),
    'The data plane is attached to it, in this mode.',
    { own: true, many: true },
  ),
  mark: keyword(
    markRule,
    'Packets to these addresses, protocols and ports, from these sources, get this firewall mark: they belong to the virtual server `fwmark MARK`. Of the rules that a packet meets the narrowest counts: by destination, source, ports, protocols, in this order.',
    { own: true, many: true },
  ),
  local_address: keyword(
    localRange,
    'Local addresses of all virtual servers by FULLNAT that have no laddr_group_name, and which of their ports: 1024-65535 where left out.',
    { own: true, many: true },
  ),
  xdp_mode: keyword(
    mode,
    'Mode of interfaces that name none: native runs in the driver, generic in the network stack, auto takes native where it can.',
    { own: true },
  ),
  connections: keyword(size(1 << 26), 'Slots of the connection table, made a power of two; 1048576 where left out.', {
    own: true,
  }),
  services: keyword(size(1 << 20), 'Room for virtual services.', { own: true }),
  real_servers: keyword(size(1 << 22), 'Room for real servers.', { own: true }),
  schedule_lines: keyword(size(1 << 25), 'Room for schedules, in lines of 64 bytes.', { own: true }),
  metrics: keyword(sequence({ address, port }), 'Serves /metrics there, and nothing else.', { own: true }),
  run_dir: keyword(directory, 'Directory of the API: the socket xlb.sock.', { own: true }),
  group: keyword(name, 'Group that may talk to the socket, beside root.', { own: true }),
  state_dir: keyword(directory, 'Directory of the state file.', { own: true }),
  sync_key: keyword(
    file,
    'File with the key of synchronized directors, 16 bytes or more: their datagrams are authenticated, and no others heard.',
    { own: true },
  ),
  sync_peer: keyword(address, 'Another director: datagrams go to it instead of a group, and others are not heard.', {
    own: true,
    many: true,
  }),
  bpffs: keyword(directory, 'Directory of the pinned maps and links.', { own: true }),
};

function size(max: number): Form<number> {
  return integer(16, max);
}
