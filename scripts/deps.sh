#!/usr/bin/env bash
# deps.sh SECTION... - installs the Debian packages of these sections of packages.txt that are missing.
#
# Says what it installs. Needs root or sudo only when something is missing.
set -eu
cd "$(dirname "$0")"

packages() { # SECTION
    awk -v wanted="[$1]" '/^#/ || !NF { next } /^\[/ { section = $1; next } section == wanted' packages.txt
}

is_installed() { # PACKAGE
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "deps: this is no Debian; what scripts/packages.txt lists ($*) must be there already" >&2
    exit 0
fi

missing=()
for section in "$@"; do
    names=$(packages "$section")
    [ -n "$names" ] || { echo "deps: packages.txt has no section [$section]" >&2; exit 2; }
    for name in $names; do is_installed "$name" || missing+=("$name"); done
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "deps: neither root nor sudo; as root run: apt-get install ${missing[*]}" >&2
        exit 2
    }
    as_root=(sudo)
fi

echo "deps: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"; }
install() { apt install -y --no-install-recommends "${missing[@]}" >/dev/null; }
# The package lists of a fresh system are empty or old: fetch them only when they are needed.
apt update
install
