#!/bin/bash
# Runs in the virtual machine: xlb and this kernel's IPVS share connections, in both directions.
set -eu
cd "$(dirname "$0")/../.."
modprobe -a veth ip_vs ip_vs_rr ipip ip6_tunnel sit
exec node_modules/.bin/tsx --conditions=source test/ipvs/sync-main.ts
