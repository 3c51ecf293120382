/** Masquerading, and ICMP errors inside connections of every method: one rule each. */
import type { Script } from './script.ts';

const THREE_NAT = `
ipvsadm -A -t V:80 -s rr
ipvsadm -a -t V:80 -r R1:8080 -m
ipvsadm -a -t V:80 -r R2:8080 -m
ipvsadm -a -t V:80 -r R3:80 -m
`;

/** c1:1001 on R3, c1:1002 on R2, c1:1003 on R1: new servers stand at the head of the list. */
const OPENED = `${THREE_NAT}
tcp c1:1001 > V:80 S
tcp R3:80 > c1:1001 S.
tcp c1:1001 > V:80 .
tcp c1:1002 > V:80 S
tcp R2:8080 > c1:1002 S.
tcp c1:1002 > V:80 .
`;

export const NAT_SCRIPTS: readonly Script[] = [
  {
    name: 'nat-there-and-back',
    text: `${OPENED}
tcp c1:1001 > V:80 P. 100
tcp R3:80 > c1:1001 . 1000
tcp R2:8080 > c1:1002 P. 1
tcp c1:1003 > V:80 S
tcp R1:8080 > c1:1003 S.
check`,
  },
  {
    name: 'nat-closed-by-client',
    text: `${OPENED}
tcp c1:1001 > V:80 F.
tcp R3:80 > c1:1001 .
tcp R3:80 > c1:1001 F.
tcp c1:1001 > V:80 .
check`,
  },
  {
    name: 'nat-closed-by-server',
    text: `${OPENED}
tcp R3:80 > c1:1001 F.
tcp c1:1001 > V:80 .
tcp c1:1001 > V:80 F.
tcp R3:80 > c1:1001 .
tcp R2:8080 > c1:1002 R
check`,
  },
  {
    name: 'nat-refused',
    text: `${THREE_NAT}
tcp c1:1001 > V:80 S
tcp R3:80 > c1:1001 R.
tcp c1:1002 > V:80 S
tcp c1:1002 > V:80 R
check`,
  },
  {
    name: 'nat-syn-again',
    text: `${OPENED}
tcp c1:1001 > V:80 F.
tcp R3:80 > c1:1001 F.
tcp c1:1001 > V:80 .
tcp c1:1001 > V:80 S
tcp R3:80 > c1:1001 S.
check`,
  },
  {
    name: 'nat-strange-replies',
    text: `${OPENED}
tcp R3:81 > c1:1001 .
tcp R1:8080 > c1:1001 .
tcp R3:80 > c2:1001 .
udp R3:80 > c1:1001 10
check`,
  },
  {
    name: 'nat-udp',
    text: `
ipvsadm -A -u V:53 -s rr
ipvsadm -a -u V:53 -r R1:5353 -m
ipvsadm -a -u V:53 -r R2 -m
udp c1:5001 > V:53 30
udp R2:53 > c1:5001 100
udp c1:5002 > V:53 0
udp R1:5353 > c1:5002 0
udp R1:5353 > c1:5001 7
check`,
  },
  {
    name: 'nat-v6',
    text: `
ipvsadm -A -t V6:80 -s rr
ipvsadm -a -t V6:80 -r R61:8080 -m
ipvsadm -a -t V6:80 -r R62:80 -m
tcp c61:1001 > V6:80 S
tcp R62:80 > c61:1001 S.
tcp c61:1001 > V6:80 . 333
tcp c62:1001 > V6:80 S
tcp R61:8080 > c62:1001 S.
tcp c62:1001 > V6:80 F.
tcp R61:8080 > c62:1001 F.
check`,
  },
  {
    name: 'nat-quiesce-and-delete',
    text: `${OPENED}
ipvsadm -e -t V:80 -r R3:80 -m -w 0
tcp c1:1001 > V:80 . 10
tcp R3:80 > c1:1001 . 10
ipvsadm -d -t V:80 -r R2:8080
tcp c1:1002 > V:80 .
tcp c1:1004 > V:80 S
check
tcp R2:8080 > c1:1002 . 10  # goes through, and xlb counts it: docs/ARCHITECTURE.md`,
  },
  {
    name: 'nat-persistent',
    text: `
ipvsadm -A -t V:80 -s rr -p 60
ipvsadm -a -t V:80 -r R1:8080 -m
ipvsadm -a -t V:80 -r R2:8080 -m
tcp c1:1001 > V:80 S
tcp R2:8080 > c1:1001 S.
tcp c1:1002 > V:80 S
tcp R2:8080 > c1:1002 S.
tcp c2:1001 > V:80 S
tcp R1:8080 > c2:1001 S.
check`,
  },
  {
    name: 'nat-persistent-port-0',
    text: `
ipvsadm -A -t V:0 -s rr -p 60
ipvsadm -a -t V:0 -r R1:8080 -m
tcp c1:1001 > V:443 S
tcp R1:443 > c1:1001 S.
tcp c1:1002 > V:8080 S
tcp R1:8080 > c1:1002 S.
check`,
  },
  {
    name: 'nat-icmp-to-server',
    text: `${OPENED}
icmp c1 > V 3/4 1400 tcp V:80 > c1:1001 . 100
icmp c9 > V 11/0 0 tcp V:80 > c1:1002 .
icmp c9 > V 3/1 0 tcp V:80 > c1:1002 . 700
icmp c9 > V 4/0 0 tcp V:80 > c1:1002 .
icmp c9 > V 12/0 0 tcp V:80 > c1:1002 .
icmp c9 > V 3/3 0 tcp V:80 > c1:1009 .
icmp c9 > V 8/0 77
check`,
  },
  {
    name: 'nat-icmp-to-client',
    text: `${OPENED}
icmp R3 > c1 3/3 0 tcp c1:1001 > R3:80 . 100
icmp R2 > c1 3/4 1300 tcp c1:1002 > R2:8080 .
icmp R5 > c1 11/0 0 tcp c1:1002 > R2:8080 .
icmp R3 > c1 3/3 0 tcp c1:1009 > R3:80 .
icmp R3 > c1 3/3 0 udp c1:1001 > R3:80 10
check`,
  },
  {
    name: 'nat-icmp-udp',
    text: `
ipvsadm -A -u V:53 -s rr
ipvsadm -a -u V:53 -r R1:5353 -m
udp c1:5001 > V:53 30
icmp R1 > c1 3/3 0 udp c1:5001 > R1:5353 30
udp R1:5353 > c1:5001 30
icmp c1 > V 3/3 0 udp V:53 > c1:5001 30
check`,
  },
  {
    name: 'nat-icmp-v6',
    text: `
ipvsadm -A -t V6:80 -s rr
ipvsadm -a -t V6:80 -r R61:8080 -m
tcp c61:1001 > V6:80 S
tcp R61:8080 > c61:1001 S.
icmp c61 > V6 2/0 1300 tcp V6:80 > c61:1001 . 1200
icmp c69 > V6 1/0 0 tcp V6:80 > c61:1001 .
icmp R61 > c61 1/4 0 tcp c61:1001 > R61:8080 . 20
icmp R65 > c61 3/0 0 tcp c61:1001 > R61:8080 .
check`,
  },
  {
    // As without ip_vs_ftp, which reads PORT: what the real server opens goes by its own address.
    name: 'ftp-active-nat',
    text: `
ipvsadm -A -t V:21 -s rr -p 60
ipvsadm -a -t V:21 -r R1 -m
ipvsadm -a -t V:21 -r R2 -m
tcp c1:1001 > V:21 S
tcp R2:21 > c1:1001 S.
tcp c1:1001 > V:21 P. 24
tcp R2:20 > c1:5000 S
tcp c1:5000 > R2:20 S.
tcp R2:20 > c1:5000 P. 100
tcp c1:1001 > V:21 .
check`,
  },
  {
    // W stays: without any service IPVS does not look at packets at all.
    name: 'nat-service-deleted',
    text: `${OPENED}
ipvsadm -A -t W:80 -s rr
ipvsadm -A -u V:53 -s rr
ipvsadm -a -u V:53 -r R1:5353 -m
udp c1:5001 > V:53 30
check
ipvsadm -D -t V:80
ipvsadm -D -u V:53
tcp R3:80 > c1:1001 . 10
tcp R2:8080 > c1:1002 F.
udp R1:5353 > c1:5001 100
ipvsadm -A -t V:80 -s rr
tcp R3:80 > c1:1001 . 10`,
  },
  {
    name: 'nat-icmp-send',
    text: `${OPENED}
ipvsadm -A -u V:53 -s rr
ipvsadm -a -u V:53 -r R1:53 -m
ipvsadm -a -u V:53 -r R2:53 -g
tcp R3:80 > c2:1001 S.
sysctl nat_icmp_send=1
tcp R3:80 > c2:1001 S.
tcp R3:80 > c2:1001 . 700
tcp R3:80 > c2:1001 R.
tcp R3:80 > c1:1001 . 10
udp R1:53 > c1:1 40
udp R2:53 > c1:1 40
udp R3:80 > c1:1 40
tcp R3:81 > c1:1001 .
tcp R5:80 > c1:1001 .
ipvsadm -e -t V:80 -r R3:80 -m -w 0
tcp R3:80 > c3:1 .
ipvsadm -e -t V:80 -r R3:80 -g
tcp R3:80 > c4:1 .
ipvsadm -d -t V:80 -r R2:8080
tcp R2:8080 > c2:1 .
ipvsadm -D -t V:80
tcp R1:8080 > c2:1 .
sysctl nat_icmp_send=0
check`,
  },
  {
    name: 'nat-icmp-send-v6',
    text: `
sysctl nat_icmp_send=1
ipvsadm -A -t V6:80 -s rr
ipvsadm -a -t V6:80 -r R61:8080 -m
tcp R61:8080 > c61:1001 S. 1400
tcp R61:8080 > c61:1001 R
tcp R61:8081 > c61:1001 .
sysctl nat_icmp_send=0
check`,
  },
  {
    name: 'dr-icmp',
    text: `
ipvsadm -A -t V:80 -s rr
ipvsadm -a -t V:80 -r R1 -g
ipvsadm -a -t V:80 -r R2 -g
tcp c1:1001 > V:80 S
tcp c1:1002 > V:80 S
icmp c1 > V 3/4 1400 tcp V:80 > c1:1001 . 100
icmp c9 > V 11/0 0 tcp V:80 > c1:1002 .
icmp c9 > V 3/3 0 tcp V:80 > c1:1009 .
check`,
  },
  {
    name: 'tun-icmp',
    text: `
ipvsadm -A -t V:80 -s rr
ipvsadm -a -t V:80 -r R1 -i
tcp c1:1001 > V:80 S
icmp c1 > V 3/4 1400 tcp V:80 > c1:1001 . 100
icmp c9 > V 11/0 0 tcp V:80 > c1:1001 .
check`,
  },
  {
    name: 'dr-icmp-v6',
    text: `
ipvsadm -A -u V6:53 -s rr
ipvsadm -a -u V6:53 -r R61 -g
udp c61:1001 > V6:53 20
icmp c61 > V6 2/0 1300 udp V6:53 > c61:1001 1200
icmp c69 > V6 3/0 0 udp V6:53 > c61:1001 9
check`,
  },
];
