#!/usr/bin/env bash
# full_disk.sh - no room on the disk: for the whole file system, for each kind of file in turn, and a disk that does not sync.
#
# The file system is a small tmpfs, mounted in a namespace of its own, which must be allowed here.
# disk_faults.c fails single files and syncs, by LD_PRELOAD.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
python=/usr/bin/python3

# run NAME STORY COMMAND...: beside the others, for most of it is waiting; what it says is shown by `told`.
run() {
    local name=$1
    mkdir "$scratch/$name"
    story "$2"
    shift 2
    "$@" >"$scratch/$name.out" 2>"$scratch/$name.err" &
    pids[$name]=$!
}
told() { # NAME
    wait "${pids[$1]}" || fail "$1: $(tail -1 "$scratch/$1.err")"
    cat "$scratch/$1.out"
}
declare -A pids

${CC:-cc} -std=c17 -D_GNU_SOURCE -shared -fPIC -O1 -o "$scratch/disk_faults.so" tests/faults/disk_faults.c || die "the shim does not build"

small="$scratch/small"
mkdir "$small"
with_mount() { # in a namespace: nothing is left mounted, however this ends
    unshare "$namespaces" sh -c "mount -t tmpfs -o size=6m tmpfs '$small' && exec \"\$@\"" sh "$@"
}
namespaces=-rm # as the root of a user namespace, which needs no rights
with_mount true 2>/dev/null || namespaces=-m
with_mount true || die "no tmpfs can be mounted here: neither in a user namespace (unshare -rm) nor with the rights there are (unshare -m)"
judge="$python tests/faults/full_disk.py"
run file-system "a full file system" with_mount $judge file-system "$MILLRACE" "$scratch/file-system" "$small"
run shim "each kind of file without room" $judge shim "$MILLRACE" "$scratch/shim" "$scratch/disk_faults.so"
run sync "a sync that fails" $judge sync "$MILLRACE" "$scratch/sync" "$scratch/disk_faults.so"
for name in file-system shim sync; do told $name; done

done_testing
