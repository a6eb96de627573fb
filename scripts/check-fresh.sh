#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Proves `make test` and `make run` on a fresh Debian: debootstraps the host's release into
# build/fresh, clones what is committed into it, and runs both there. Needs root. About 50
# minutes on 2 cores. FRESH_JOBS="test" (or "run") does only that one.
set -eu
cd "$(dirname "$0")/.."
root=build/fresh
[ "$(id -u)" = 0 ] || { echo "check-fresh: debootstrap and chroot need root"; exit 1; }
command -v debootstrap >/dev/null || { echo "check-fresh: please install debootstrap"; exit 1; }
. /etc/os-release
# The mirror and sources that this host uses, so that no other one is needed.
mirror=$(grep -hoE 'https?://[^ ]+' /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
	grep -v security | head -n 1)

finish() {
	umount "$root/proc" "$root/dev" 2>/dev/null || true
}
trap finish EXIT
if [ ! -e "$root/.made" ]; then
	echo "check-fresh: debootstrap $VERSION_CODENAME into $root (2 minutes)"
	rm -rf "$root"
	debootstrap --variant=minbase --include=ca-certificates,make,git "$VERSION_CODENAME" "$root" \
		"$mirror" >build/fresh.log 2>&1 || { tail -n 20 build/fresh.log; exit 1; }
	cp -a /etc/apt/sources.list* "$root/etc/apt/" 2>/dev/null || true
	[ ! -e /etc/apt/apt.conf.d ] || cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
	# Only the distribution's own sources: others may need keys that a fresh machine has not.
	find "$root/etc/apt/sources.list.d" -type f ! -name 'debian*' -delete 2>/dev/null || true
	cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
	touch "$root/.made"
fi
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
rm -rf "$root/src"
git clone -q . "$root/src"
for job in ${FRESH_JOBS:-test run}; do
	echo "check-fresh: make $job"
	chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
		make --no-print-directory -C /src "$job"
done
echo "check-fresh: both pass on a fresh $PRETTY_NAME"
