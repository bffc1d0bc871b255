#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes sure that the packages of tools/deps.txt are installed: as root it installs what is missing,
# otherwise it prints the one line to run. Usage: tools/deps.sh run|test|peer
# Each scope includes the ones before it.
set -euo pipefail
scope=${1:-test}
list=$(dirname "$0")/deps.txt
case $scope in
run) kinds=run ;;
test) kinds='run test' ;;
peer) kinds='run test peer' ;;
*) echo "usage: $0 run|test|peer" >&2; exit 2 ;;
esac

missing=()
while read -r kind name version _; do
    [[ -z $kind || $kind = \#* ]] && continue
    [[ " $kinds " = *" $kind "* ]] || continue
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$name" 2>/dev/null || true)
    # The pattern is meant to be one.
    # shellcheck disable=SC2053
    [[ $installed = "installed "$version ]] || missing+=("$name=$version")
done <"$list"
[ ${#missing[@]} = 0 ] && exit 0

if [ "$(id -u)" != 0 ]; then
    echo "These packages are missing. As root, run:" >&2
    printf "  apt-get update && apt-get install -y --no-install-recommends" >&2
    printf " '%s'" "${missing[@]}" >&2
    echo >&2
    exit 1
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
