#!/usr/bin/env bash
# school.sh - a student's evening in a terminal, word by word: the commands of school.txt say what they said.
#
# A line "> WORDS" is a command in the student's folder (lab-school is `millrace lab-school`), what follows is its output,
# "[N]" its status when it is not 0. UPDATE=1 writes the file anew: read the difference.
. tests/labs/lib_labs.sh
story=$PWD/tests/labs/school.txt
lab-school() { "$MILLRACE" lab-school "$@"; }

play() { # the commands of the story, with what they say now
    export COLUMNS=80 LANG=en_GB.UTF-8 LC_ALL=
    mkdir "$scratch/student" && cd "$scratch/student" || return
    grep '^> ' "$story" | while read -r _ command; do
        echo "> $command"
        eval "$command" 2>&1 </dev/null || echo "[$?]"
    done
}
play >"$scratch/now.txt"
[ -z "${UPDATE:-}" ] || cp "$scratch/now.txt" "$story"
diff -u "$story" "$scratch/now.txt" || fail "lab-school says something else"
[ "$(grep -c '^> ' "$story")" -ge 15 ] || fail "the story is too short to be one"

# watch: checks once, and again each time the file is saved
cd "$scratch/student" || exit 1
waits_for() { # WORDS: in what watch has said
    for _ in $(seq 300); do
        ! grep -q "$1" "$scratch/watch.txt" || return 0
        kill -0 "$watcher" 2>/dev/null || break
        sleep 0.1
    done
    fail "watch did not say \"$1\": $(cat "$scratch/watch.txt")"
}
: >"$scratch/watch.txt"
"$MILLRACE" lab-school watch send --lang en >"$scratch/watch.txt" 2>&1 &
watcher=$!
waits_for '^Not yet'
cp my-labs/00-example/send.1.old my-labs/00-example/send.py
waits_for '^Passed'
kill "$watcher"
wait "$watcher" 2>/dev/null
done_testing
