#!/bin/bash
# Runs in the virtual machine: the comparison, on this kernel's IPVS.
set -eu
cd "$(dirname "$0")/../.."
modprobe -a veth ip_vs ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_wlc ip_vs_lblc ip_vs_lblcr ip_vs_dh ip_vs_sh \
	ip_vs_sed ip_vs_nq ip_vs_fo ip_vs_ovf ip_vs_mh ipip ip6_tunnel sit
exec node_modules/.bin/tsx --conditions=source test/ipvs/main.ts "$@"
