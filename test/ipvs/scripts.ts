/** Scripts written by hand: one rule each. */
import type { Script } from './script.ts';

const THREE_DR = `
ipvsadm -A -t V:80 -s rr
ipvsadm -a -t V:80 -r R1 -g
ipvsadm -a -t V:80 -r R2 -g
ipvsadm -a -t V:80 -r R3 -g
`;

/** Other tunnels than IP in IP, in ipvsadm's words. */
const TUNNELS = [
  { name: 'gue', words: '--tun-type gue --tun-port 6080' },
  { name: 'gue-sum', words: '--tun-type gue --tun-port 6080 --tun-csum' },
  { name: 'gue-remote', words: '--tun-type gue --tun-port 6080 --tun-remcsum' },
  { name: 'gre', words: '--tun-type gre' },
  { name: 'gre-sum', words: '--tun-type gre --tun-csum' },
];

export const SCRIPTS: readonly Script[] = [
  {
    // The real server opens the data connection as V:20, past the director; the client's answers come through it.
    name: 'ftp-active',
    text: `
ipvsadm -A -t V:21 -s rr -p 60
ipvsadm -a -t V:21 -r R1 -g
ipvsadm -a -t V:21 -r R2 -g
tcp c1:1001 > V:21 S
tcp c1:1001 > V:21 P. 24
tcp c1:5000 > V:20 S.
tcp c1:5000 > V:20 .
tcp c1:5000 > V:20 F.
tcp c2:1001 > V:21 S
tcp c2:5000 > V:20 S.
tcp c1:5001 > V:20 S.
tcp c1:20 > V:45000 S
tcp c1:1002 > V:45001 S
tcp c1:1003 > V:443 S
check`,
  },
  {
    name: 'server-addresses',
    text: `
ipvsadm -A -t V:80 -s rr
ipvsadm -a -t V:80 -r 0.0.0.0 -m
ipvsadm -a -t V:80 -r 0.1.2.3 -m
ipvsadm -a -t V:80 -r 127.0.0.1 -m
ipvsadm -a -t V:80 -r 10.0.0.1 -m
ipvsadm -a -t V:80 -r 224.0.0.1 -m
ipvsadm -a -t V:80 -r 239.255.255.255 -m
ipvsadm -a -t V:80 -r 240.0.0.1 -m
ipvsadm -a -t V:80 -r 255.255.255.254 -m
ipvsadm -a -t V:80 -r 255.255.255.255 -m
ipvsadm -a -t V:80 -r 1.0.0.0 -m
ipvsadm -A -t V6:80 -s rr
ipvsadm -a -t V6:80 -r [::] -m
ipvsadm -a -t V6:80 -r [::1] -m
ipvsadm -a -t V6:80 -r [::2] -m
ipvsadm -a -t V6:80 -r [::ffff:10.0.0.1] -m
ipvsadm -a -t V6:80 -r [::10.0.0.1] -m
ipvsadm -a -t V6:80 -r [ff02::1] -m
ipvsadm -a -t V6:80 -r [fe80::1] -m
ipvsadm -a -t V6:80 -r [fec0::1] -m
ipvsadm -a -t V6:80 -r [fd00::1] -m
ipvsadm -a -t V:80 -r R1 -g
ipvsadm -a -t V:80 -r 224.0.0.1 -g -x 1 -y 2
ipvsadm -e -t V:80 -r 224.0.0.1 -g
ipvsadm -d -t V:80 -r 224.0.0.1
ipvsadm -a -t V:81 -r 224.0.0.1`,
  },
  {
    name: 'rr-dr',
    text: `${THREE_DR}
tcp c1:1001 > V:80 S
tcp c1:1002 > V:80 S
tcp c1:1003 > V:80 S
tcp c1:1004 > V:80 S
tcp c1:1001 > V:80 .
tcp c1:1001 > V:80 . 100
tcp c1:1002 > V:80 F.
tcp c1:1003 > V:80 R
check`,
  },
  {
    name: 'rr-tun',
    text: `
ipvsadm -A -t V:80 -s rr
ipvsadm -a -t V:80 -r R1 -i
ipvsadm -a -t V:80 -r R2 -i
tcp c1:1001 > V:80 S
tcp c1:1002 > V:80 S
tcp c1:1001 > V:80 .
tcp c1:1001 > V:80 P. 700
tcp c1:1001 > V:80 F.
tcp c1:1001 > V:80 .
check`,
  },
  // Checked before frames are too big: IPVS counts its own errors as packets out (docs/ipvsadm.md).
  ...TUNNELS.map(({ name, words }) => ({
    name: `tun-${name}`,
    text: `
ipvsadm -A -t V:80 -s rr
ipvsadm -a -t V:80 -r R1 -i ${words}
ipvsadm -a -t V:80 -r R61 -i ${words}
ipvsadm -A -t V6:80 -s rr
ipvsadm -a -t V6:80 -r R62:80 -i ${words}
ipvsadm -a -t V6:80 -r R2:80 -i ${words}
tcp c1:1001 > V:80 S
tcp c1:1002 > V:80 S
tcp c61:1001 > V6:80 S
tcp c61:1002 > V6:80 S
tcp c1:1001 > V:80 P. 700
tcp c1:1002 > V:80 P. 701
tcp c61:1001 > V6:80 P. 333
tcp c61:1002 > V6:80 P. 1
tcp c1:1001 > V:80 . 1428
check
${range(1370, 1430, (i) => (i % 4 === 0 ? `tcp c61:${1001 + (i % 8) / 4} > V6:80 . ${i}` : ''))}`,
  })),
  {
    name: 'udp-dr',
    text: `
ipvsadm -A -u V:53 -s rr
ipvsadm -a -u V:53 -r R1 -g
ipvsadm -a -u V:53 -r R2 -g
udp c1:5001 > V:53 30
udp c1:5001 > V:53 31
udp c2:5001 > V:53 0
udp c3:5001 > V:53 1000
check`,
  },
  {
    name: 'non-syn',
    text: `${THREE_DR}
tcp c1:1001 > V:80 .
tcp c1:1002 > V:80 R
tcp c1:1003 > V:80 F.
tcp c1:1004 > V:80 S.
check`,
  },
  {
    name: 'other-port',
    text: `${THREE_DR}
tcp c1:1001 > V:81 S
udp c1:1001 > V:80 10
tcp c1:1001 > W:80 S
check`,
  },
  {
    name: 'quiesce',
    text: `${THREE_DR}
tcp c1:1001 > V:80 S
tcp c1:1002 > V:80 S
ipvsadm -e -t V:80 -r R3 -g -w 0
tcp c1:1001 > V:80 .
tcp c1:1003 > V:80 S
tcp c1:1004 > V:80 S
tcp c1:1005 > V:80 S
check`,
  },
  {
    name: 'delete-and-return',
    text: `${THREE_DR}
tcp c1:1001 > V:80 S
tcp c1:1001 > V:80 .
ipvsadm -d -t V:80 -r R3
tcp c1:1001 > V:80 .
tcp c1:1002 > V:80 S
ipvsadm -a -t V:80 -r R3 -g
tcp c1:1001 > V:80 .
check`,
  },
  {
    name: 'wrr-edits',
    text: `
ipvsadm -A -t V:80 -s wrr
ipvsadm -a -t V:80 -r R1 -g -w 4
ipvsadm -a -t V:80 -r R2 -g -w 2
ipvsadm -a -t V:80 -r R3 -g -w 6
tcp c1:1001 > V:80 S
tcp c1:1002 > V:80 S
tcp c1:1003 > V:80 S
ipvsadm -e -t V:80 -r R1 -g -w 4
tcp c1:1004 > V:80 S
tcp c1:1005 > V:80 S
ipvsadm -e -t V:80 -r R2 -g -w 9
tcp c1:1006 > V:80 S
tcp c1:1007 > V:80 S
ipvsadm -d -t V:80 -r R3
tcp c1:1008 > V:80 S
tcp c1:1009 > V:80 S
check`,
  },
  {
    name: 'mh',
    text: `
ipvsadm -A -t V:80 -s mh -b mh-port,mh-fallback
ipvsadm -a -t V:80 -r R1 -g -w 1
ipvsadm -a -t V:80 -r R2 -i -w 3
ipvsadm -a -t V:80 -r R3 -g -w 2
${range(1, 12, (i) => `tcp c${i}:${2000 + 7 * i} > V:80 S`)}
ipvsadm -e -t V:80 -r R2 -i -w 0
${range(20, 30, (i) => `tcp c${i}:${2000 + 7 * i} > V:80 S`)}
check`,
  },
  {
    name: 'ipv6-dr-tun',
    text: `
ipvsadm -A -t V6:80 -s rr
ipvsadm -a -t V6:80 -r R61:80 -g
ipvsadm -a -t V6:80 -r R62:80 -i
tcp c61:1001 > V6:80 S
tcp c61:1002 > V6:80 S
tcp c61:1001 > V6:80 .
tcp c61:1002 > V6:80 . 200
tcp c61:1002 > V6:80 F.
check`,
  },
  {
    name: 'time-wait-reuse',
    text: `${THREE_DR}
tcp c1:1001 > V:80 S
tcp c1:1001 > V:80 .
tcp c1:1001 > V:80 R
tcp c1:1001 > V:80 S
tcp c1:1001 > V:80 .
tcp c1:1001 > V:80 F.
tcp c1:1001 > V:80 S
check`,
  },
  {
    name: 'close-expires',
    text: `${THREE_DR}
tcp c1:1001 > V:80 S
tcp c1:1001 > V:80 .
tcp c1:1001 > V:80 R
check
wait 9
check`,
  },
  {
    name: 'no-server',
    text: `
ipvsadm -A -t V:80 -s rr
tcp c1:1001 > V:80 S
ipvsadm -a -t V:80 -r R1 -g -w 0
tcp c1:1002 > V:80 S
ipvsadm -A -u V:53 -s rr
udp c1:1002 > V:53 20
check`,
  },
  ...['lc', 'wlc', 'sed', 'nq', 'fo', 'ovf', 'lblc', 'lblcr', 'dh', 'sh'].map((scheduler) => ({
    name: `${scheduler}-opening-and-closing`,
    text: `
ipvsadm -A -t V:80 -s ${scheduler}
ipvsadm -a -t V:80 -r R1 -g -w 1
ipvsadm -a -t V:80 -r R2 -i -w 3
ipvsadm -a -t V:80 -r R3 -g -w 2
${range(1, 9, (i) => `tcp c${i}:${3000 + i} > V:80 S`)}
${range(1, 5, (i) => `tcp c${i}:${3000 + i} > V:80 .`)}
${range(1, 3, (i) => `tcp c${i}:${3000 + i} > V:80 F.`)}
${range(10, 16, (i) => `tcp c${i}:${3000 + i} > V:80 S`)}
ipvsadm -e -t V:80 -r R2 -i -w 0
${range(17, 22, (i) => `tcp c${i}:${3000 + i} > V:80 S`)}
ipvsadm -d -t V:80 -r R3
${range(23, 26, (i) => `tcp c${i}:${3000 + i} > V:80 S`)}
check`,
  })),
  {
    name: 'thresholds',
    text: `
ipvsadm -A -t V:80 -s rr
ipvsadm -a -t V:80 -r R1 -g -x 3 -y 1
ipvsadm -a -t V:80 -r R2 -g
ipvsadm -a -t V:80 -r R3 -g -x 4
${range(1, 14, (i) => `tcp c${i}:1001 > V:80 S`)}
tcp c1:1001 > V:80 .
tcp c1:1001 > V:80 R
tcp c3:1001 > V:80 .
tcp c3:1001 > V:80 R
check
wait 11
${range(15, 22, (i) => `tcp c${i}:1001 > V:80 S`)}
check`,
  },
  {
    name: 'persistence',
    text: `
ipvsadm -A -t V:80 -s rr -p 300
ipvsadm -a -t V:80 -r R1 -g
ipvsadm -a -t V:80 -r R2 -i
ipvsadm -a -t V:80 -r R3 -g
tcp c1:1001 > V:80 S
tcp c1:1002 > V:80 S
tcp c2:1001 > V:80 S
tcp c1:1001 > V:80 .
tcp c1:1003 > V:80 S
tcp c3:1001 > V:80 S
tcp c2:1002 > V:80 S
ipvsadm -e -t V:80 -r R3 -g -w 0
tcp c1:1004 > V:80 S
tcp c4:1001 > V:80 S
check`,
  },
  {
    name: 'persistence-mask',
    text: `
ipvsadm -A -t V:80 -s rr -p 60 -M 255.255.255.0
ipvsadm -a -t V:80 -r R1 -g
ipvsadm -a -t V:80 -r R2 -g
${range(1, 6, (i) => `tcp c${i}:1001 > V:80 S`)}
check`,
  },
  {
    name: 'persistence-any-port',
    text: `
ipvsadm -A -t V:0 -s rr -p 60
ipvsadm -a -t V:0 -r R1 -g
ipvsadm -a -t V:0 -r R2 -g
tcp c1:1001 > V:80 S
tcp c1:1002 > V:443 S
tcp c2:1001 > V:22 S
tcp c2:1002 > V:80 S
udp c2:1002 > V:80 10
check`,
  },
  {
    name: 'one-packet',
    text: `
ipvsadm -A -u V:53 -s rr -o
ipvsadm -a -u V:53 -r R1 -g
ipvsadm -a -u V:53 -r R2 -g
${range(1, 5, () => 'udp c1:1001 > V:53 20')}
check`,
  },
  {
    name: 'timeouts-set',
    text: `
ipvsadm --set 100 20 50
ipvsadm -L --timeout
${THREE_DR}
ipvsadm -A -u V:53 -s rr
ipvsadm -a -u V:53 -r R1 -g
tcp c1:1001 > V:80 S
tcp c1:1001 > V:80 .
tcp c2:1001 > V:80 S
tcp c2:1001 > V:80 .
tcp c2:1001 > V:80 F.
udp c1:1001 > V:53 9
check
ipvsadm --set 900 120 300`,
  },
  {
    name: 'expire-nodest',
    text: `
sysctl expire_nodest_conn=1
${THREE_DR}
tcp c1:1001 > V:80 S
tcp c1:1001 > V:80 .
ipvsadm -d -t V:80 -r R3
wait 1
tcp c1:1001 > V:80 .
tcp c1:1001 > V:80 S
check
sysctl expire_nodest_conn=0`,
  },
  {
    name: 'sloppy-tcp',
    text: `
sysctl sloppy_tcp=1
${THREE_DR}
tcp c1:1001 > V:80 .
tcp c1:1001 > V:80 .
tcp c2:1001 > V:80 R
tcp c3:1001 > V:80 F.
tcp c4:1001 > V:80 S.
check
sysctl sloppy_tcp=0`,
  },
];

function range(from: number, to: number, line: (i: number) => string): string {
  return Array.from({ length: to - from + 1 }, (_, i) => line(from + i)).join('\n');
}
