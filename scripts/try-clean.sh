#!/bin/bash
# Tries the committed tree on a bare Debian 12 that has only git, make and this
# machine's Node: debootstrap into a temporary directory, clone, then
# `make setup` and `make build`, twice, and `make demo`. Root; needs debootstrap and the network.
#
#     scripts/try-clean.sh [DIRECTORY]     DIRECTORY is kept; the default is removed
set -eu

source=$(git -C "$(dirname "$0")/.." rev-parse --show-toplevel)
mirror=${MIRROR:-http://deb.debian.org/debian}
root=${1:-$(mktemp -d /tmp/xlb-clean.XXXXXX)}
keep=${1:+yes}

unmount() {
	for mount in run/netns proc dev sys; do
		if mountpoint -q "$root/$mount"; then umount -l "$root/$mount"; fi
	done
}
finish() {
	unmount
	[ -n "$keep" ] || rm -rf --one-file-system "$root"
}
trap finish EXIT

echo "== bare Debian 12 in $root"
if [ ! -e "$root/etc/debian_version" ]; then
	debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$root" "$mirror" >"$root.log" 2>&1 ||
		{ tail -20 "$root.log" >&2; exit 1; }
	rm -f "$root.log"
fi

# Node as it stands on this machine: the executable, its headers and npm.
prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
mkdir -p "$root/usr/local/bin" "$root/usr/local/include" "$root/usr/local/lib/node_modules"
cp "$prefix/bin/node" "$root/usr/local/bin/"
cp -r "$prefix/include/node" "$root/usr/local/include/"
cp -r "$prefix/lib/node_modules/npm" "$root/usr/local/lib/node_modules/"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"

# This machine's way to the network, and nothing else of its configuration.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
if [ -d /etc/apt/apt.conf.d ]; then cp -r /etc/apt/apt.conf.d "$root/etc/apt/"; fi
for mount in proc dev sys; do mount --rbind "/$mount" "$root/$mount" && mount --make-rslave "$root/$mount"; done

rm -rf "$root/xlb"
git clone -q "$source" "$root/xlb"

inside() {
	chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt bash -c "cd /xlb && $1"
}
for round in first second; do
	echo "== $round round: make setup && make build"
	inside 'time (make setup && make build)'
done
inside 'dist/xlb --version && dist/xlbd --version && ls -l dist dist/bpf'
echo "== make demo"
inside 'make demo'
echo "== done"
