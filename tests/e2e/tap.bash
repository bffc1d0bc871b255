# SPDX-License-Identifier: Apache-2.0
# What the scripts here share: each test is a comparison, and prints a line of TAP. Sourced.
tests=0 failures=0

# is NAME GOT WANTED
is() {
    tests=$((tests + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $tests - $1"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $1"
        printf '# got:    %q\n# wanted: %q\n' "$2" "$3"
    fi
}

# has NAME TEXT PART
has() {
    case $2 in
    *"$3"*) is "$1" yes yes ;;
    *) is "$1" "$2" "... $3 ..." ;;
    esac
}
