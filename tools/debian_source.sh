#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Downloads one file of a Debian source package into BUILD/apt/download; apt verifies it, and its SHA-256 is checked
# here as well, so that a version is always the same text. Uses the machine's own Debian archive entries, but state
# and configuration under BUILD/apt, so that the system stays as it is and no root is needed.
# Usage: tools/debian_source.sh BUILD PACKAGE VERSION FILE SHA256
set -eu

build=$1 package=$2 version=$3 archive=$4 sha256=$5
apt=$build/apt

fail() {
    echo "debian_source: $1" >&2
    exit 1
}

is_there() {
    echo "$sha256  $apt/download/$archive" | sha256sum --check --status 2>/dev/null
}
is_there && exit 0

# One line per archive ("deb [options] URI suite component...") becomes its deb-src twin. Debian's own
# archives are those whose URI ends in /debian: other vendors' do not carry these packages.
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

# Several are wanted at once, and share apt's state.
mkdir -p "$apt"
exec 9>"$apt/lock"
flock 9

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
(cd "$apt/download" && run_apt source --download-only "$package=$version") ||
    fail "source package $package $version is not available from this machine's Debian archive"
[ -f "$apt/download/$archive" ] || fail "the source package lacks $archive"
is_there || fail "$archive is not what it was: its SHA-256 differs from $sha256"
