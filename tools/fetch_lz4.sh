#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts the LZ4 decompressor, unmodified, into build/lz4: from Debian's source package, which apt verifies.
# Uses the machine's own Debian archive entries, but state and configuration under build/apt, so that
# the system stays as it is and no root is needed. Usage: tools/fetch_lz4.sh [BUILD_DIR]
set -eu

version=1.9.4-1
upstream=${version%-*}
build=$(mkdir -p "${1:-build}" && cd "${1:-build}" && pwd)
apt=$build/apt
lz4=$build/lz4

if [ "$(cat "$lz4/version" 2>/dev/null)" = "$version" ]; then
    touch "$lz4/lz4.c" # for make, which asks because this script is newer
    exit 0
fi

fail() {
    echo "fetch_lz4: $1" >&2
    exit 1
}

# One line per archive ("deb [options] URI suite component...") becomes its deb-src twin. Debian's own
# archives are those whose URI ends in /debian: other vendors' do not carry this package.
one_line_entries() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | awk '
        $1 == "deb" {
            uri = 2
            if ($2 ~ /^\[/) { while ($uri !~ /\]$/) uri++; uri++ }
            if ($uri ~ /\/debian\/?$/) { $1 = "deb-src"; print }
        }'
}

# The same for stanzas ("Types: deb", "URIs: ..."); comments go, they may stand inside a stanza.
stanza_entries() {
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        grep -v '^#' "$file" | awk '
            BEGIN { RS = ""; FS = "\n" }
            /(^|\n)Types:[^\n]*deb/ && /(^|\n)URIs:[^\n]*\/debian\/?([ \n]|$)/ {
                sub(/Types:[^\n]*/, "Types: deb-src")
                print $0 "\n"
            }'
    done
}

mkdir -p "$apt/sources.list.d" "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/download"
one_line_entries > "$apt/sources.list.d/debian.list"
stanza_entries > "$apt/sources.list.d/debian.sources"
[ -s "$apt/sources.list.d/debian.list" ] || [ -s "$apt/sources.list.d/debian.sources" ] ||
    fail "no Debian archive among this machine's apt sources"

run_apt() {
    apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$apt/sources.list.d" \
        -o Dir::State="$apt/state" -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$apt/cache" \
        -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

run_apt update || fail "apt-get update failed; see above"
(cd "$apt/download" && run_apt source --download-only "lz4=$version") ||
    fail "source package lz4 $version is not available from this machine's Debian archive"

archive=$apt/download/lz4_$upstream.orig.tar.gz
[ -f "$archive" ] || fail "the source package lacks lz4_$upstream.orig.tar.gz"
rm -rf "$lz4"
mkdir -p "$lz4"
tar -xmzf "$archive" -C "$lz4" --strip-components=2 \
    "lz4-$upstream/lib/lz4.c" "lz4-$upstream/lib/lz4.h" "lz4-$upstream/lib/LICENSE"
echo "$version" > "$lz4/version" # last: it says that the rest is there
