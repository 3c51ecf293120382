#!/bin/bash
# Installs the Debian packages that are missing; does nothing where all are there.
set -eu

compile=(clang llvm gcc g++ make python3 libc6-dev libbpf-dev libelf-dev zlib1g-dev)
run=(iproute2 ethtool procps util-linux)
test=(zsh bpftool nginx-light curl iperf3 wrk tcpdump dnsmasq-base bind9-dnsutils vsftpd keepalived)

missing=()
for package in "${compile[@]}" "${run[@]}" "${test[@]}"; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "These Debian packages are missing; run 'make setup' as root, or install them yourself:" >&2
	echo "  apt-get install ${missing[*]}" >&2
	exit 1
fi

# The lab starts its own nginx: the package must not start one on this machine's port 80.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi

printf '  %-8s %s\n' APT "${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
	cat "$log" >&2
	rm -f "$log"
	exit 1
fi
rm -f "$log"
