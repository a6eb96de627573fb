#!/bin/sh
# Packs an initramfs: initramfs.sh OUT MODULES TREE
# TREE is our own part (/init and what it uses); busybox and the kernel's modules are added. Owner, order
# and times are fixed, so the same input gives the same file. It isn't compressed: an emulated CPU
# needs longer to unpack it than the machine to load it.
set -eu

out=$1 modules=$2 tree=$3
guests=${GUESTS:-build/guests}
work=$guests/work/$(basename "$out")

rm -rf "$work" && mkdir -p "$work"
mkdir "$work/bin" "$work/dev" "$work/proc" "$work/sys" "$work/tmp" "$work/modules"
cp "$guests/busybox" "$work/bin/busybox"
ln -s busybox "$work/bin/sh"
cp "$modules"/*.ko "$work/modules/"
cp "$(dirname "$0")/common/"* "$work/"
cp -r "$tree/." "$work/"
chmod 755 "$work/init"
find "$work" -exec touch -h -d @0 {} +
(cd "$work" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) > "$out.part"
mv "$out.part" "$out"
rm -rf "$work"
