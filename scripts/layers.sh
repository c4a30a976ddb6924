#!/usr/bin/env bash
# layers.sh [OUT] - checks every #include against the floors of docs/architecture.md and draws the graph.
#
# Rules: a file includes only from its own folder or from a lower floor, never sideways, never up. A
# *_test.c (and *_test.h) counts as tests, wherever it sits. Beyond the floors:
#   - workloads includes nothing of etl, tests included: its truth is a second opinion;
#   - etl and bench include nothing of broker: they reach a broker through its socket;
#   - the pure parts (lib/kafka, broker/log, broker/metadata, broker/group, broker/node) include no
#     system header that could read a clock, touch a file or start a thread, and of lib/os only the
#     table of disk functions and addresses as text.
# The graph goes to OUT/layers.svg when `dot` is there, else it is printed as text.
set -u
cd "$(dirname "$0")/.."
out=${1:-build}
mkdir -p "$out"

find lib broker workloads etl bench cli tests \( -name '*.c' -o -name '*.h' \) 2>/dev/null | LC_ALL=C sort |
    xargs grep -n '^[[:space:]]*#[[:space:]]*include' | awk -v dot="$out/layers.dot" -v text="$out/layers.txt" '
function folder_of(path,   f, best) {
    best = ""
    for (f in floor) if (index(path, f "/") == 1 && length(f) > length(best)) best = f
    return best
}
function bad(message) { print where ": " message; failures++ }
BEGIN {
    split("lib/base=0 lib/kafka=1 lib/os=1 lib/pcap=1 broker/log=2 broker/metadata=2 broker/quorum=2 broker/replica=2 " \
          "broker/group=2 broker/txn=2 workloads=2 broker/node=3 broker/server=4 etl=4 bench=4 cli=5 tests=6", list, " ")
    for (i in list) { split(list[i], pair, "="); floor[pair[1]] = pair[2] }
    split("lib/kafka broker/log broker/metadata broker/group broker/node", list, " ")
    for (i in list) pure[list[i]] = 1
}
{
    # FILE:LINE:#include "PATH"
    colon = index($0, ":"); file = substr($0, 1, colon - 1); rest = substr($0, colon + 1)
    colon = index(rest, ":"); where = file ":" substr(rest, 1, colon - 1); rest = substr(rest, colon + 1)
    from = folder_of(file)
    is_test = file ~ /_test\.[ch]$/ || from == "tests"
    if (from == "") { bad("this folder has no floor"); next }
    if (rest ~ /</) {
        name = rest; sub(/^[^<]*</, "", name); sub(/>.*/, "", name)
        if (pure[from] && !is_test && name ~ /^(unistd|fcntl|time|poll|pthread|threads|signal|dirent)\.h$|^sys\//)
            bad("<" name "> in a pure folder")
        next
    }
    name = rest; sub(/^[^"]*"/, "", name); sub(/".*/, "", name)
    to = folder_of(name)
    if (to == "") { bad("\"" name "\" is not a path from the root of the repository"); next }
    if ((getline line < name) < 0) { bad("\"" name "\" is not there"); next }
    close(name)
    if (from == "workloads" && to == "etl") bad("workloads must not know etl: " name)
    if (is_test) next
    if ((from == "etl" || from == "bench") && to ~ /^broker/) bad(from " reaches a broker only through its socket: " name)
    if (pure[from] && to == "lib/os" && name !~ /\/(disk|address)\.h$/) bad("a pure folder sees only disk.h and address.h of lib/os: " name)
    if (from == to) next
    if (floor[to] > floor[from]) bad("up, from floor " floor[from] " to " floor[to] ": " name)
    else if (floor[to] == floor[from]) bad("sideways, on floor " floor[to] ": " name)
    edges[from " " to]++
}
END {
    print "digraph layers {\n  rankdir=TB; nodesep=0.5; ranksep=0.7; node [shape=box, fontname=\"sans-serif\"]; edge [color=\"#666666\"];" > dot
    for (level = 0; level <= 5; level++) {
        row = ""
        for (f in floor) if (floor[f] == level) {
            used = 0
            for (e in edges) { split(e, pair, " "); if (pair[1] == f || pair[2] == f) used = 1 }
            if (used) row = row " \"" f "\";"
        }
        if (row != "") print "  { rank=same;" row " }" > dot
    }
    for (level = 5; level >= 0; level--) for (f in floor) if (floor[f] == level) {
        below = ""
        for (e in edges) {
            split(e, pair, " ")
            if (pair[1] != f) continue
            printf "  \"%s\" -> \"%s\" [label=\" %d\", fontsize=9];\n", f, pair[2], edges[e] > dot
            below = below " " pair[2] "(" edges[e] ")"
        }
        if (below != "") printf "%d %-16s ->%s\n", level, f, below > text
    }
    print "}" > dot
    close(dot); close(text)
    if (failures) { print failures " includes break the floors"; exit 1 }
}' || exit 1

if command -v dot >/dev/null; then
    dot -Tsvg "$out/layers.dot" -o "$out/layers.svg" && echo "layers: ok, the graph is $out/layers.svg"
else
    cat "$out/layers.txt"
    echo "layers: ok"
fi
