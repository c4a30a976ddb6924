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
done_testing
