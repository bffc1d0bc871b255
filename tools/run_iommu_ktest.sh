#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The tests of PCI and DMA, on machines with a device that copies on command: with an IOMMU in its variants and without.
# Usage: run_iommu_ktest.sh KERNEL
set -u
kernel=$1
status=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# NAME EXPECTED MACHINE OPTIONS QEMU-ARGUMENTS...: EXPECTED, a line of the kernel's log, shows that it is the machine we mean.
machine() {
    local name=$1 expected=$2 kind=$3 options=$4
    shift 4
    tools/run_ktest.sh "$kernel" "$kind" max -device edu -device pcie-root-port,id=root1,chassis=1 \
        -device virtio-serial-pci,bus=root1 -append "debug_exit=0xf4 ktest=kernel/device log=info net=dhcp $options" \
        "$@" >"$log" 2>&1 || status=1
    sed "s|^\(not \)\?ok \([0-9]*\) - |&$name: |" "$log"
    grep -q "$expected" "$log" && return
    echo "not ok - $name: the log lacks: $expected"
    status=1
}

machine "no IOMMU" "edu: no IOMMU" q35 "" -m 512M
machine "no firmware" "edu: no IOMMU" microvm,pcie=on "" -m 512M
machine "IOMMU" "vtd: 1 units, 3 levels, .*not remapped" q35 "" -m 512M -device intel-iommu
machine "IOMMU of 48 bits" "vtd: 1 units, 4 levels" q35 "" -device intel-iommu,aw-bits=48,intremap=off
machine "IOMMU of caching mode" "caching mode" q35 "" -device intel-iommu,caching-mode=on,aw-bits=39,intremap=on -smp 2
machine "IOMMU of caching mode, 48 bits" "caching mode" q35 "" -device intel-iommu,caching-mode=on,aw-bits=48,device-iotlb=on
machine "IOMMU left off" "edu: no IOMMU" q35 "iommu=off" -device intel-iommu
machine "identity" "edu: identity" q35 "iommu=identity" -device intel-iommu
exit $status
