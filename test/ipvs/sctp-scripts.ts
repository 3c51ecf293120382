/** Scripts of SCTP, written by hand: one rule each. */
import type { Script } from './script.ts';

const THREE_DR = `
ipvsadm -A --sctp-service V:36 -s rr
ipvsadm -a --sctp-service V:36 -r R1 -g
ipvsadm -a --sctp-service V:36 -r R2 -g
ipvsadm -a --sctp-service V:36 -r R3 -g
`;

const CHUNKS = [
  ...['DATA', 'INIT', 'INIT_ACK', 'SACK', 'HEARTBEAT', 'HEARTBEAT_ACK', 'ABORT', 'SHUTDOWN', 'SHUTDOWN_ACK', 'ERROR'],
  ...['COOKIE_ECHO', 'COOKIE_ACK', 'ECNE', 'CWR', 'SHUTDOWN_COMPLETE'],
];

/** What brings a new association into each state that dr and tun know. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  init1: ['INIT'],
  init: ['INIT', 'INIT'],
  echoed: ['INIT', 'INIT_ACK'],
  established: ['INIT', 'COOKIE_ECHO'],
  received: ['INIT', 'COOKIE_ECHO', 'SHUTDOWN'],
  closed: ['INIT', 'COOKIE_ECHO', 'ABORT'],
};

const ONE_NAT = `
ipvsadm -A --sctp-service V:36 -s rr
ipvsadm -a --sctp-service V:36 -r R1:37 -m
`;

export const SCTP_SCRIPTS: readonly Script[] = [
  {
    name: 'sctp-nat-life',
    text: `${ONE_NAT}
sctp c1:1001 > V:36 INIT
sctp R1:37 > c1:1001 INIT_ACK
sctp c1:1001 > V:36 COOKIE_ECHO,DATA
sctp R1:37 > c1:1001 COOKIE_ACK
check
sctp c1:1001 > V:36 DATA 701
sctp R1:37 > c1:1001 SACK
sctp R1:37 > c1:1001 DATA 1203
sctp R1:37 > c1:1001 SHUTDOWN
sctp c1:1001 > V:36 SHUTDOWN_ACK
sctp R1:37 > c1:1001 SHUTDOWN_COMPLETE
check`,
  },
  {
    name: 'sctp-nat-ipv6',
    text: `
ipvsadm -A --sctp-service V6:36 -s rr
ipvsadm -a --sctp-service V6:36 -r R61:37 -m
sctp c61:1001 > V6:36 INIT
sctp R61:37 > c61:1001 INIT_ACK
sctp c61:1001 > V6:36 COOKIE_ECHO
sctp R61:37 > c61:1001 COOKIE_ACK
sctp R61:37 > c61:1001 DATA 99
sctp c61:1001 > V6:36 ABORT
check`,
  },
  {
    name: 'sctp-nat-replies',
    text: `${ONE_NAT}
${CHUNKS.map((chunk, i) => `sctp c${i + 1}:1001 > V:36 INIT\nsctp R1:37 > c${i + 1}:1001 ${chunk}`).join('\n')}
check
${CHUNKS.map((chunk, i) => `sctp c${i + 1}:1001 > V:36 ${chunk}`).join('\n')}
check`,
  },
  {
    name: 'sctp-life-dr',
    text: `${THREE_DR}
${['INIT', 'INIT', 'COOKIE_ECHO,DATA', 'DATA 500', 'SACK', 'HEARTBEAT', 'SHUTDOWN', 'SHUTDOWN_COMPLETE']
  .map((chunk) => `sctp c1:1001 > V:36 ${chunk}\ncheck`)
  .join('\n')}`,
  },
  {
    name: 'sctp-life-tun',
    text: `
ipvsadm -A --sctp-service V:36 -s rr
ipvsadm -a --sctp-service V:36 -r R1 -i
ipvsadm -a --sctp-service V:36 -r R2 -i
sctp c1:1001 > V:36 INIT
sctp c1:1002 > V:36 INIT
sctp c1:1001 > V:36 COOKIE_ECHO
sctp c1:1001 > V:36 DATA 700
sctp c1:1001 > V:36 SHUTDOWN
check`,
  },
  {
    name: 'sctp-ipv6',
    text: `
ipvsadm -A --sctp-service V6:36 -s rr
ipvsadm -a --sctp-service V6:36 -r R61:36 -g
ipvsadm -a --sctp-service V6:36 -r R62:36 -i
sctp c61:1001 > V6:36 INIT
sctp c61:1002 > V6:36 INIT
sctp c61:1001 > V6:36 COOKIE_ECHO,DATA
sctp c61:1002 > V6:36 COOKIE_ECHO
sctp c61:1002 > V6:36 DATA 200
sctp c61:1001 > V6:36 ABORT
check`,
  },
  ...Object.entries(WAYS).map(([state, way]) => ({
    name: `sctp-from-${state}`,
    text: `${THREE_DR}
${CHUNKS.flatMap((chunk, i) => [...way, chunk].map((each) => `sctp c${i + 1}:1001 > V:36 ${each}`)).join('\n')}
check`,
  })),
  {
    name: 'sctp-opens-nothing',
    text: `${THREE_DR}
${CHUNKS.filter((chunk) => chunk !== 'INIT')
  .map((chunk, i) => `sctp c1:${1001 + i} > V:36 ${chunk}`)
  .join('\n')}
sctp c1:20 > V:36 INIT
sctp c1:1001 > V:37 INIT
check`,
  },
  {
    name: 'sctp-sloppy',
    text: `
sysctl sloppy_sctp=1
${THREE_DR}
${CHUNKS.map((chunk, i) => `sctp c1:${1001 + i} > V:36 ${chunk}`).join('\n')}
sctp c2:1001 > V:36 COOKIE_ECHO,ABORT
sctp c2:1002 > V:36 COOKIE_ACK,ABORT
check
sysctl sloppy_sctp=0`,
  },
  {
    name: 'sctp-bundled',
    text: `${THREE_DR}
${[
  'COOKIE_ECHO,ABORT',
  'COOKIE_ACK,ABORT',
  'COOKIE_ECHO,DATA',
  'COOKIE_ECHO,DATA,ABORT',
  'SHUTDOWN,ABORT',
  'SACK,ABORT',
  'ERROR,ABORT',
]
  .map((chunks, i) => `sctp c${i + 1}:1001 > V:36 INIT\nsctp c${i + 1}:1001 > V:36 ${chunks}`)
  .join('\n')}
check`,
  },
  {
    name: 'sctp-no-server',
    text: `
ipvsadm -A --sctp-service V:36 -s rr
sctp c1:1001 > V:36 INIT
ipvsadm -a --sctp-service V:36 -r R1 -g -w 0
sctp c1:1002 > V:36 INIT
ipvsadm -A --sctp-service V6:36 -s rr
sctp c61:1002 > V6:36 INIT
check`,
  },
  {
    name: 'sctp-expires',
    text: `${THREE_DR}
sctp c1:1001 > V:36 INIT
sctp c1:1002 > V:36 INIT
sctp c1:1002 > V:36 INIT
check
wait 4
check`,
  },
  {
    name: 'sctp-closed-reuse',
    text: `${THREE_DR}
sctp c1:1001 > V:36 INIT
sctp c1:1001 > V:36 COOKIE_ECHO
sctp c1:1001 > V:36 ABORT
sctp c1:1001 > V:36 INIT
sctp c1:1001 > V:36 COOKIE_ECHO
sctp c1:1001 > V:36 SHUTDOWN
sctp c1:1001 > V:36 INIT
check
sysctl conn_reuse_mode=0
sctp c1:1001 > V:36 ABORT
sctp c1:1001 > V:36 INIT
check
sysctl conn_reuse_mode=1`,
  },
  {
    name: 'sctp-lc-thresholds',
    text: `
ipvsadm -A --sctp-service V:36 -s lc
ipvsadm -a --sctp-service V:36 -r R1 -g -x 3
ipvsadm -a --sctp-service V:36 -r R2 -i
ipvsadm -a --sctp-service V:36 -r R3 -g
${Array.from({ length: 6 }, (_, i) => `sctp c${i + 1}:1001 > V:36 INIT`).join('\n')}
sctp c1:1001 > V:36 COOKIE_ECHO
sctp c2:1001 > V:36 COOKIE_ECHO
sctp c2:1001 > V:36 SHUTDOWN
${Array.from({ length: 8 }, (_, i) => `sctp c${i + 10}:1001 > V:36 INIT`).join('\n')}
check`,
  },
  {
    name: 'sctp-persistence',
    text: `
ipvsadm -A --sctp-service V:36 -s rr -p 60
ipvsadm -a --sctp-service V:36 -r R1 -g
ipvsadm -a --sctp-service V:36 -r R2 -g
sctp c1:1001 > V:36 INIT
sctp c1:1002 > V:36 INIT
sctp c2:1001 > V:36 INIT
sctp c1:1001 > V:36 COOKIE_ECHO
sctp c1:1002 > V:36 COOKIE_ECHO
sctp c1:1002 > V:36 ABORT
sctp c1:1002 > V:36 INIT
check`,
  },
  {
    name: 'sctp-expire-nodest',
    text: `
sysctl expire_nodest_conn=1
${THREE_DR}
sctp c1:1001 > V:36 INIT
sctp c1:1001 > V:36 COOKIE_ECHO
ipvsadm -d --sctp-service V:36 -r R3
wait 1
sctp c1:1001 > V:36 DATA
sctp c1:1001 > V:36 INIT
check
sysctl expire_nodest_conn=0`,
  },
];
