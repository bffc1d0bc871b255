#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Debian's ROCm, unmodified, in a container on a machine whose GPU is the device process: rocminfo lists the agent, HIP
# programs give what their C references give, what goes wrong ends as HIP says it ends, and the text generator writes on
# the GPU what it writes on the CPU. Prints TAP.
# Usage: rocm_test.sh CK GUEST_DIR BUILD_DIR [PART...]  (rocminfo programs errors dead absent llama costs)
set -u
. "$(dirname "$0")/tap.bash"
ck=$(realpath "$1") build=$(realpath "$3") sources=$(realpath tests/hip) demo=$(realpath demos/llama)
guest=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# In one process, and each in one of its own.
together=(vector_add gemm softmax layernorm attention reduction histogram embedding rope int8_dot streams events copies
    large_copy memset sizes scratch waves grids arithmetic halves atomics printing)
alone=(module two_processes sum_of_squares)

# The root of the packages, without what they bring along and nothing here uses, and with the programs.
cp -al "$build/roots/rocm" root 2>/dev/null || cp -a "$build/roots/rocm" root
rm -rf root/usr/lib/python3* root/usr/bin/python3*
mkdir root/hip
cp "$build"/hip/{together,errors,vector_add,streams,module_kernels.hsaco} "${alone[@]/#/$build/hip/}" \
    "$sources"/*.{sh,bash} root/hip/

# machine OPTION... -- PROGRAM...: its output to `out`, its complaints to `err`
machine() {
    timeout 590 "$ck" run --timeout 580 --cpus 2 --memory 3G --rootfs root --env PATH=/usr/bin:/usr/sbin --env HOME=/root \
        "$@" >out 2>err </dev/null
}
gpu=(--gpu gfx900,vram=512M)

# section NAME: what the machine printed between "== NAME" and how that ended, with the number
section() { awk -v start="== $1" '$0 == start { on = 1; next } on { print } on && /^== ended/ { exit }' out; }

rocminfo() {
    machine "${gpu[@]}" /usr/bin/rocminfo
    is "rocminfo ends well" $? 0
    tr -s ' ' <out >text
    is "it finds the driver" "$(grep -c 'ROCk module is loaded' text)" 1
    is "it lists two agents: the processor and the GPU" "$(grep -c '^Agent [0-9]' text)" 2
    sed -n '/^Agent 2/,$p' text >agent
    for line in 'Name: gfx900' 'Vendor Name: AMD' 'Feature: KERNEL_DISPATCH' 'Profile: BASE_PROFILE' 'Queue Type: MULTI' \
        'Node: 1' 'Device Type: GPU' 'Wavefront Size: 64(0x40)' 'Workgroup Max Size: 1024(0x400)' \
        'Segment: GLOBAL; FLAGS: COARSE GRAINED' 'Size: 524288(0x80000) KB' 'Segment: GROUP' 'Size: 64(0x40) KB' \
        'Name: amdgcn-amd-amdhsa--gfx900:xnack-' '*** Done ***'; do
        is "the agent's \"$line\"" "$(grep -qxF -e " $line" -e " $line " -e "$line" -e "$line " agent && echo yes)" yes
    done
    is "it has compute units" "$(sed -n 's/^ Compute Unit: \([0-9]*\).*/\1/p' agent | awk '$1 > 0 { print "yes" }')" yes
    is "no memory of the GPU is said to be the processor's" \
        "$(sed -n '/COARSE GRAINED/,$s/^ *Accessible by all: \([A-Z]*\).*/\1/p' agent | head -n 1)" FALSE
}

# The lines that a kernel prints come before the program's own.
expected() {
    [ "$1" = printing ] && printf 'a kernel says %s\n' '0 and even, 0.000' '1 and odd, 0.125' '2 and even, 0.250'
    printf '%s ok\n== ended 0\n' "$1"
}

programs() {
    local name
    machine "${gpu[@]}" /bin/bash /hip/run_all.sh "${together[*]}" "${alone[@]}"
    is "the machine that runs the programs ends well" "$? $(tail -n 1 out)" "0 == all"
    for name in "${together[@]}" "${alone[@]}"; do is "$name" "$(section "$name")" "$(expected "$name")"; done
    is "HIP refuses what is wrong with its own errors" "$(refusals)" "errors ok"
}

refusals() {
    machine "${gpu[@]}" /hip/errors arguments
    cat out
}

errors() {
    local kind
    machine "${gpu[@]}" /bin/bash /hip/run_errors.sh
    is "the machine lives through every error" "$? $(tail -n 1 out)" "0 == all"
    for kind in address freed trap illegal; do
        is "$kind: the program is aborted" "$(section $kind | tail -n 1)" "== ended 134"
    done
    is "the device works after all of them" "$(section after)" "$(expected vector_add)"
    has "address: the program is told which" "$(section address)" "on address 0x123456789000. Reason: Page not present"
    has "freed: the program is told of it" "$(section freed)" "Memory access fault by GPU node-1"
    has "trap: HIP names it" "$(section trap)" "HSA_STATUS_ERROR_EXCEPTION"
    has "illegal: HIP names it" "$(section illegal)" "HSA_STATUS_ERROR_ILLEGAL_INSTRUCTION"
    is "a program whose kernel never ends can be killed" "$(section 'endless KILL')" "== ended 137"
    is "and asked to end" "$(section 'endless TERM')" "== ended 143"
    is "a fault in one process" "$(section 'fault beside another')" "== ended 134"
    is "leaves the one beside it alone" "$(section 'beside a fault')" "$(expected streams)"
}

# engines PID: the processes that are the GPU of a machine which PID has started
engines() {
    local child
    for child in $(cat "/proc/$1"/task/*/children); do
        if [ "$(cat "/proc/$child/comm")" = ckdev ]; then cat "/proc/$child"/task/*/children; else engines "$child"; fi
    done
}

# The device's process is killed while a kernel runs on it.
dead() {
    local tries=0
    machine "${gpu[@]}" --log log /bin/bash -c '/hip/errors endless; echo "== ended $?"; /hip/vector_add' &
    until grep -q 'the kernel runs' out 2>/dev/null || [ $((tries++)) = 1000 ]; do sleep 0.1; done
    kill -KILL $(engines $!)
    wait $!
    is "the machine outlives its GPU's process" $? 0
    is "a program that waits for it is aborted, and the next one has the GPU again" "$(cat out)" \
        $'errors: the kernel runs\n== ended 134\nvector_add ok'
    has "HIP names the cause" "$(cat err)" "Reason: Generic hang recovery"
    has "and so does the log" "$(cat log)" "the device process has ended: its process died"
}

# Without a GPU, everything says so and ends.
absent() {
    machine /usr/bin/rocminfo
    is "without a GPU rocminfo fails" $? 1
    has "and says why" "$(cat out)" "module is NOT loaded"
    machine /hip/vector_add
    is "without a GPU a HIP program fails" "$? $(cat out)" "1 vector_add: no device: hipErrorNoDevice"
}

llama() {
    local arguments=(--tokens 40 --prompt "CloudKernel is")
    mkdir -p root/model
    cp "$demo"/model/*.{json,safetensors} root/model/
    cp "$build/hip/llama" root/hip/llama
    "$guest/llama" --model "$demo/model" "${arguments[@]}" >cpu 2>/dev/null
    machine "${gpu[@]}" /hip/llama --model /model "${arguments[@]}"
    is "the text generator ends well" $? 0
    is "it writes on the GPU what it writes on the CPU" "$(cat out)" "$(cat cpu)"
    is "that is some text" "$(wc -w <cpu | awk '$1 > 10 { print "yes" }')" yes
    has "it says that it used the GPU" "$(cat err)" "on the GPU gfx900"
    "$guest/llama" --model "$demo/model" "${arguments[@]}" --temperature 0.8 --seed 7 >cpu 2>/dev/null
    machine "${gpu[@]}" /hip/llama --model /model "${arguments[@]}" --temperature 0.8 --seed 7
    is "and when it chooses by chance" "$(cat out)" "$(cat cpu)"
}

# median FIELD STRETCH FILE: of lines that tools/qemu_phases.c wrote for bench/gpu_costs.c
median() { awk -v n="$2" '$2 == n { print $'"$1"' }' "$3" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# Who polls costs the kernel nothing, nobody but the device copies, and who sleeps is woken quickly.
costs() {
    cp "$build"/bench/gpu_costs{,.hsaco} root/hip/
    timeout 300 "$ck" run --timeout 280 --memory 2G "${gpu[@]}" --qemu "-plugin $build/bench/qemu_phases.so,out=$work/phases" \
        --rootfs root /hip/gpu_costs /hip/gpu_costs.hsaco >out 2>err </dev/null
    is "a client of the HSA runtime is counted" "$? $(cat out err)" "0 done"
    grep ^phase phases >stretches
    grep ^wake phases >wakes
    is "a launch that is polled for costs the kernel no instruction" "$(median 3 1 stretches)" 0
    for polled in 2 5; do
        is "neither kernel nor program copies 64 MiB, stretch $polled" \
            "$(($(median 3 $polled stretches) + $(median 4 $((polled + 1)) stretches) < (64 << 20) / 64))" 1
    done
    is "from interrupt to ring 3 it takes 1,500 instructions at most" "$(($(median 3 7 wakes) <= 1500))" 1
}

shift 3
for part in ${@:-rocminfo programs errors dead absent llama costs}; do $part; done

echo "1..$tests"
exit $((failures > 0))
