#!/usr/bin/env bash
# full_disk.sh - no room on the disk: for the whole file system, for each kind of file in turn, and a disk that does not sync.
#
# The file system is a small tmpfs, mounted in a namespace of its own, which must be allowed here.
# disk_faults.c fails single files and syncs, by LD_PRELOAD.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
python=/usr/bin/python3

run() { # STORY ARGUMENTS...
    story "$1"
    shift
    "$@" 2>"$scratch/judge.err" || fail "$(tail -1 "$scratch/judge.err")"
}

${CC:-cc} -std=c17 -D_GNU_SOURCE -shared -fPIC -O1 -o "$scratch/disk_faults.so" tests/faults/disk_faults.c || die "the shim does not build"

small="$scratch/small"
mkdir "$small"
with_mount() { # in a namespace: nothing is left mounted, however this ends
    unshare "$namespaces" sh -c "mount -t tmpfs -o size=6m tmpfs '$small' && exec \"\$@\"" sh "$@"
}
namespaces=-rm # as the root of a user namespace, which needs no rights
with_mount true 2>/dev/null || namespaces=-m
with_mount true || die "no tmpfs can be mounted here: neither in a user namespace (unshare -rm) nor with the rights there are (unshare -m)"
run "a full file system" with_mount $python tests/faults/full_disk.py file-system "$MILLRACE" "$scratch" "$small"
run "each kind of file without room" $python tests/faults/full_disk.py shim "$MILLRACE" "$scratch" "$scratch/disk_faults.so"
run "a sync that fails" $python tests/faults/full_disk.py sync "$MILLRACE" "$scratch" "$scratch/disk_faults.so"

done_testing
