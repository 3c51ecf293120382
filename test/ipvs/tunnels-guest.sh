#!/bin/bash
# Runs in the virtual machine: the kernel's own tunnel devices behind a director, which a kernel without them skips.
set -eu
cd "$(dirname "$0")/../.."
modprobe -a veth bridge fou ipip sit ip6_tunnel ip_gre ip6_gre
# The test skips where these fail; here they must not.
unshare --net sh -c 'ip fou add port 6080 gue && ip link add name probe type gre local 192.0.2.1'
export XLB_PATIENCE=20
exec node_modules/.bin/vitest run --project kernel test/netns/tunnel-devices.test.ts
