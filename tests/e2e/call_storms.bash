# SPDX-License-Identifier: Apache-2.0
# Programs that make random system calls: how one run is judged. Sourced; wants $ck, $programs and $build to be full
# paths, and a working directory to write into.
LEFT_KIB_MAX=512 # what may be less free after racing calls than after a first round: caches, no row of leaks

# storm KERNEL CPUS PROGRAM SEED CALLS: sets $storm to what was wrong, or nothing. Leaves $said, out, err and log.
storm() {
    local status limit=120
    [ "$5" -le 50000 ] || limit=$(($5 / 400))
    CK_KERNEL=$build/$1 timeout -k 5 "$limit" "$ck" run --cpus "$2" --qemu "-cpu max" --log log \
        "$programs/$3.musl" "$4" "$5" >out 2>err </dev/null
    status=$?
    said=$(grep -ao '[0-9]* calls.*' out | tail -1) # some of the calls write to standard output
    storm=
    [ $status = 0 ] || storm="status $status"
    grep -q " ended: status 0" log || storm+=" no end"
    ! grep -aq "panic" log || storm+=" panic"
    # A debug kernel looks for what is left when the container is gone.
    [[ $1 != *debug* ]] || grep -aq "heap: all blocks of the container came back" log || storm+=" heap blocks are left"
    grep -aq "left anonymous 0," log && ! grep -aq "frames are free" log || storm+=" frames are missing"
    case $said in
    *" KiB less are free")
        local less=${said% KiB less are free}
        ((${less##* } <= LEFT_KIB_MAX)) || storm+=" memory is missing"
        ;;
    esac
}
