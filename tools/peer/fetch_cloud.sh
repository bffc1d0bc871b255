#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Debian's cloud kernel as a second peer, for what the minimal one lacks: PCI, a network, modules. Puts into FOLDER
# vmlinuz, version, and modules/ with what a virtio network card needs and their order. The package is taken from the
# machine's own apt sources and not installed. Does nothing when FOLDER has it. Usage: fetch_cloud.sh FOLDER
set -eu

# The archive keeps only the newest of this kernel's security updates, so which it was is written down, not asked for.
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: *//p' | head -n 1)
# Each after those it needs.
wanted='virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net virtio-rng'
mkdir -p "$1"
cd "$1"

[ -s version ] && exit 0
fail() {
    echo "fetch_cloud: $1" >&2
    exit 1
}

[ -n "$package" ] || fail "no linux-image-cloud-amd64 in this machine's Debian archive (apt-get update?)"
rm -rf unpacked modules ./*.deb
apt-get -qq -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 download "$package" || fail "apt cannot download $package"
dpkg-deb -x ./*.deb unpacked
release=$(ls unpacked/lib/modules)
mkdir modules
for name in $wanted; do
    find unpacked -name "$name.ko" -exec cp {} modules/ \;
    [ -f "modules/$name.ko" ] || fail "$package has no module $name"
    echo "$name.ko"
done >modules/order
mv "unpacked/boot/vmlinuz-$release" vmlinuz
basename ./*.deb .deb >name
rm -rf unpacked ./*.deb
mv name version # last: it says that the rest is there
