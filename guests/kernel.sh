#!/bin/sh
# Takes Debian's cloud kernel of one suite apart: kernel.sh SERIES SUITE
#   build/guests/vmlinuz-SERIES       a plain arm64 Image
#   build/guests/modules-SERIES/      the modules of modules.txt and what they need, uncompressed,
#                                     with names in the order of loading (00-virtio.ko ...)
set -eu

series=$1 suite=$2
here=$(dirname "$0")
out=${GUESTS:-build/guests}
work=$out/work/kernel-$series

fail() { echo "guests: $*" >&2; exit 1; }

echo "guests: kernel $series from Debian $suite"
rm -rf "$work" && mkdir -p "$work"
package=$(sh "$here/apt.sh" depends "$suite" linux-image-cloud-arm64)
[ -n "$package" ] || fail "suite $suite has no linux-image-cloud-arm64"
sh "$here/apt.sh" fetch "$suite" "$work" "$package"
dpkg-deb -x "$work"/linux-image-*.deb "$work/root"
version=${package#linux-image-}

# Debian ships a plain Image today; a later gzip one is unpacked, anything else is refused here
# and not by a monitor that prints nothing.
image=$work/root/boot/vmlinuz-$version
if [ "$(head -c 2 "$image" | od -An -tx1 | tr -d ' ')" = 1f8b ]; then
    zcat "$image" > "$work/Image"
else
    cp "$image" "$work/Image"
fi
magic=$(dd if="$work/Image" bs=1 skip=56 count=4 2>/dev/null | tr -d '\0')
[ "$magic" = 'ARMd' ] || fail "$package: vmlinuz is not a plain arm64 Image"

# A module goes after those that its own "depends=" names; one that is not in the package is built in.
mkdir "$work/modules"
n=10
add() {
    file=$(find "$work/root" -name "$(echo "$1" | tr _ '?').ko*" | head -1)
    if [ -z "$file" ]; then
        pattern=$(echo "$1" | tr _ '.')
        grep -q "/$pattern.ko$" "$builtin" || fail "$package has no module $1"
        return
    fi
    [ -z "$(find "$work/modules" -name "*-$1.ko")" ] || return 0
    case $file in *.xz) xz -dc "$file" > "$work/$1.ko" ;; *) cp "$file" "$work/$1.ko" ;; esac
    for need in $(tr '\0' '\n' < "$work/$1.ko" | sed -n 's/^depends=//p' | tr ',' ' '); do add "$need"; done
    mv "$work/$1.ko" "$work/modules/$n-$1.ko"
    n=$((n + 1))
}
builtin=$(find "$work/root" -name modules.builtin)
for name in $(cat "$here/modules.txt"); do add "$name"; done

rm -rf "$out/modules-$series"
mv "$work/modules" "$out/modules-$series"
mv "$work/Image" "$out/vmlinuz-$series"
rm -rf "$work"
