#!/usr/bin/env bash
# limits_listed.sh - the figures of docs/limits.md are those of the code: `NAME = FIGURE` followed by "in FILE" is a
# constant there, `a.key = FIGURE` the default of a key; and every file that is named is there.
cd "$(dirname "$0")/../.." || exit 2
bad=0 count=0
wrong() { echo "$*" >&2; bad=1; }

# The value of an expression of C made of numbers, parentheses, casts, * and <<.
value() {
    local expression=${1//(int64_t)/}
    expression=${expression//INT16_MAX/32767}
    expression=${expression//INT32_MAX/2147483647}
    case $expression in *[!0-9\ \(\)*\<+-]*) echo "?$1" ;; *) echo $((expression)) ;; esac
}

while read -r name figure file; do
    count=$((count + 1))
    case $name in
    *.*)
        default=$(tr '\n' ' ' <broker/node/config_keys.c | grep -oE "\"${name//./\\.}\",[^\"]*\"[^\"]*\"" | sed 's/.*"\([^"]*\)"$/\1/')
        [ "$default" = "$figure" ] || wrong "$name is $figure in docs/limits.md, $default in the code"
        ;;
    *)
        found=$(grep -oE "\b$name = [^,}/;]+" "$file" | head -1 | sed 's/.* = //')
        [ "$(value "$found")" = "$figure" ] || wrong "$name is $figure in docs/limits.md, $found in $file"
        ;;
    esac
done < <(grep '^|' docs/limits.md | awk -F'|' '{
    cell = $4; rest = cell; file = ""
    n = 0
    while (match(rest, /`[A-Za-z0-9_.]+ = -?[0-9]+`( in [a-z_\/.0-9]+)?/)) {
        item = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
        split(item, word, /[` ]+/); names[n] = word[2]; figures[n] = word[4]; files[n] = word[6]; n++
    }
    for (i = n - 1; i >= 0; i--) { if (files[i] == "") files[i] = file; file = files[i]; print names[i], figures[i], files[i] }
}')
for path in $(grep -oE '\b(broker|lib|tests)/[a-z0-9_/]+\.(c|h|sh|py)' docs/limits.md | sort -u); do
    [ -e "$path" ] || wrong "no $path"
done
[ "$count" -ge 40 ] || wrong "only $count figures were found"
[ "$bad" = 0 ] && echo "ok: $count figures of docs/limits.md"
exit "$bad"
