#!/bin/bash
# Runs in the virtual machine: SCTP between real sockets, which a kernel without SCTP skips.
set -eu
cd "$(dirname "$0")/../.."
modprobe -a sctp veth bridge ipip ip6_tunnel sit
python3 test/netns/support/sctp.py probe
export XLB_PATIENCE=20
exec node_modules/.bin/vitest run --project kernel test/netns/sctp.test.ts
