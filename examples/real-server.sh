#!/bin/sh
# Makes this machine a real server of 192.0.2.100 and 2001:db8::100, for direct
# routing and tunnels: it has the virtual addresses, and answers no ARP for them.
set -eu

ip address replace 192.0.2.100/32 dev lo
ip address replace 2001:db8::100/128 dev lo
sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
# What comes out of a tunnel comes in on another way than answers go.
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
xlb decap eth0 --vip 192.0.2.100 --vip 2001:db8::100
