/** Why a keyword is recognised and not acted on: what that means for whoever has it in a file. */

export const NO_SNMP = 'xlb has no SNMP agent; its numbers are in /metrics and in xlb stats';
export const NO_DBUS = 'xlb is not on D-Bus; states are in xlb status, events on its socket';
export const ONE_PROCESS =
  'xlbd is one process, so there is no such process to name or to tune; the service manager sets its priority';
export const KERNEL_BUFFERS = 'xlbd sizes its netlink sockets itself and reads everything anew after an overrun';
export const NO_FIREWALL =
  'no_accept has a table of nftables for each instance, with a counter in each rule; nothing else is written';
export const NO_DUMPS = 'xlb writes no dump files; xlb status, xlb stats and their --json tell the same at any time';
export const NO_PIDS = 'xlbd writes no pid files; one xlbd runs for each run directory';
export const ALWAYS_CHECKED = 'xlbd always checks a file as a whole before it takes it';
export const NO_NAMESPACES = 'start xlbd in the namespace instead: ip netns exec NAME xlbd';
export const LINKS_ARE_FOLLOWED = 'xlbd follows links by netlink, which every driver supports';
export const NO_BFD = 'xlb does not speak BFD: what follows a BFD session counts it as up';
export const NO_IPVLAN = 'xlb makes no ipvlan or VRF devices; use_vmac makes a macvlan';
export const MARKS_ARE_SET = 'xlb finds the mark of a packet by itself, before any firewall';
