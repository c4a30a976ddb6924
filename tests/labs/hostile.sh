#!/usr/bin/env bash
# hostile.sh - a class of good, bad and hostile students: each loses its own checks, and nobody else's.
. tests/labs/lib_labs.sh
class=$scratch/class
/usr/bin/python3 tests/labs/hostile_class.py "$class" || die "no class"
students=$(find "$class" -mindepth 1 -maxdepth 1 -type d | wc -l)

story "without a sandbox it refuses, by name"
PATH=/nothing "$MILLRACE" grade --class "$class" --lab 00 >"$scratch/refused.txt" 2>&1 && fail "graded without a sandbox"
grep -q 'no sandbox: .*bubblewrap' "$scratch/refused.txt" && grep -q -- --trust "$scratch/refused.txt" || fail "it does not say why: $(cat "$scratch/refused.txt")"
mkdir -p "$scratch/trusted/anna" && cp "$class/anna/00-example.ipynb" "$scratch/trusted/anna"
"$MILLRACE" grade --class "$scratch/trusted" --trust --seed 5 2>/dev/null | grep -q '^anna .*4/4' || fail "--trust"

story "a table that cannot be written is told before anybody is graded"
for option in --csv --html; do
    "$MILLRACE" grade --class "$scratch/trusted" --trust "$option" "$scratch/nowhere/t" >"$scratch/refused.txt" 2>&1 && fail "$option: graded for nothing"
    grep -q "nowhere/t" "$scratch/refused.txt" && ! grep -q "checks passed" "$scratch/refused.txt" || fail "$option: $(cat "$scratch/refused.txt")"
done

story "a folder that is no class is told, and so is a lab that there is not"
refused() { # WORDS ARGUMENTS...
    local words=$1
    shift
    "$MILLRACE" grade --trust "$@" >"$scratch/refused.txt" 2>&1 && fail "graded: $*"
    grep -qF -- "$words" "$scratch/refused.txt" || fail "$*: not \"$words\" but $(tail -3 "$scratch/refused.txt")"
}
mkdir -p "$scratch/none/anna" "$scratch/none/bruno" "$scratch/empty"
echo 1 >"$scratch/none/anna/essay.txt"
refused "$scratch/none: expected STUDENT/00-example.ipynb, and none of its folders has a notebook of a lab (anna, bruno)" --class "$scratch/none" --lab 00
refused "$scratch/none: expected STUDENT/NN-name.ipynb, and none" --class "$scratch/none"
refused "$scratch/empty: no folder of a student in it" --class "$scratch/empty" --lab 00
refused "no lab 42 (labs: 00-example)" --class "$scratch/trusted" --lab 42

story "who handed in nothing, or another lab, is a row; names of any script stand in one table"
mkdir -p "$scratch/trusted/李小龙" "$scratch/trusted/$(printf 'Zoe\314\210')" "$scratch/another/carla"
echo x >"$scratch/another/carla/01-topics.ipynb"
"$MILLRACE" grade --class "$scratch/another" --lab 00 --trust --lang en >"$scratch/rows.txt" 2>&1 || fail "$(cat "$scratch/rows.txt")"
grep -q '^carla .*no 00-example.ipynb$' "$scratch/rows.txt" || fail "carla: $(cat "$scratch/rows.txt")"
"$MILLRACE" grade --class "$scratch/trusted" --lab 00 --trust --seed 5 --lang en >"$scratch/rows.txt" 2>/dev/null || fail "names"
/usr/bin/python3 - "$scratch/rows.txt" <<'COLUMNS' || fail "the table is not straight: $(cat "$scratch/rows.txt")"
import sys, unicodedata
rows = [line for line in open(sys.argv[1], encoding="utf-8") if "/2" in line or "/3" in line]
def column(letter):
    return 0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) == "W" else 1
ends = {sum(map(column, row[:row.index("/")])) for row in rows}
sys.exit(len(rows) != 4 or len(ends) != 1)
COLUMNS

if ! why=$(labs_module sandbox); then
    story "a machine that forbids namespaces grades nobody, and says so"
    "$MILLRACE" grade --class "$class" --lab 00 >"$scratch/refused.txt" 2>&1 && fail "graded without a sandbox"
    grep -qF "no sandbox: $why" "$scratch/refused.txt" || fail "it does not say why: $(cat "$scratch/refused.txt")"
    done_testing # the rest needs one
fi

story "$students students are graded, and this machine is as it was"
before=$(find "$class" | LC_ALL=C sort | md5sum)
timeout 200 "$MILLRACE" grade --class "$class" --lab 00 --seed 5 --lang en --csv "$scratch/c.csv" --html "$scratch/c.html" \
    >"$scratch/table.txt" 2>"$scratch/progress.txt" || die "grade: $(tail -5 "$scratch/progress.txt")"
[ "$(find "$class" | LC_ALL=C sort | md5sum)" = "$before" ] || fail "the class's folder was changed"

points() { awk -v who="$1" '$1 == who { print $2, $3 }' "$scratch/table.txt"; }
row() { # STUDENT COUNT SEND: checks passed of both exercises
    [ "$(points "$1")" = "$2/2 $3/2" ] || fail "$1 has $(points "$1"), not $2/2 $3/2"
}

story "the good ones have all, the mistaken what is right of theirs"
row anna 2 2
row carla 2 2 # an editor gave the cells other ids
row windows 2 2 # an editor put a byte order mark before them
row bruno 1 2

story "what a hostile cell does costs its own exercise"
for who in endless-loop fork-bomb fork-orphans memory-bomb memory-at-once disk-filler shm-filler output-flood kill-all kill-keeper \
    exit-quietly keeper-memory keeper-pipe read-checks read-home network forge-folder forge-links judge-startup replace-lab remount \
    user-namespace memory-hidden empty-files socket-filler trace write-system terminal-words surrogate null-byte; do
    row $who 0 2
done
row forge-record 1 2 # a dictionary was recorded, and it is not the right one
row other-seed 1 2   # counted right, for other orders than were asked
for who in broker-folder broker-fifo broker-garbage broker-bomb; do row $who 2 0; done

story "a file that is no notebook is a row that says so"
for who in text binary deep list foreign numbers huge fifo link folder; do
    row file-$who 0 0
    grep -q "^file-$who .* not a notebook: " "$scratch/table.txt" || fail "file-$who: $(grep "^file-$who " "$scratch/table.txt")"
done
grep -q "^file-nothing .* no 00-example.ipynb$" "$scratch/table.txt" || fail "file-nothing"
grep -qF "no 00-example.ipynb, but 00-example (1).ipynb" "$scratch/table.txt" || fail "file-renamed is not told which file there is"
grep -qx "passed over: a-link (a link)" "$scratch/progress.txt" && grep -q "^passed over: not-a-student.txt (a file," "$scratch/progress.txt" ||
    fail "it does not say what is no student's: $(head -5 "$scratch/progress.txt")"

story "each is told what happened"
is_told() { grep "^$1,00-example,count," "$scratch/c.csv" | grep -qF -- "$2"; }
told() { # STUDENT WORDS
    is_told "$@" || fail "$1 is not told \"$2\": $(grep "^$1,.*count" "$scratch/c.csv" | head -2)"
}
filled() { # STUDENT WORDS: what fills up a limit may meet its four seconds first, on a machine full of other work
    is_told "$1" "the cell did not end within 4 s" || told "$@"
}
told endless-loop "the cell did not end within 4 s"
filled fork-bomb "more than 60 processes"
filled memory-bomb "more than 768 MB of memory"
told memory-hidden "Operation not permitted"
filled empty-files "more than 20000 files"
filled socket-filler "more than 500 sockets"
grep -qF 'while what the cell left was read: the cell took more than 768 MB' "$scratch/c.csv" || fail "broker-bomb: $(grep '^broker-bomb,.*send' "$scratch/c.csv")"
told trace "errno 1"
filled disk-filler "No space left on device"
filled output-flood "File too large"
told keeper-memory "Permission denied: '/proc/1/mem'"
told read-checks "nothing to read"
told read-home "no home"
told write-system "Read-only file system"

story "a stranger's words stay words, in a terminal, a spreadsheet and a browser"
! grep -qP '[\x00-\x08\x1b]' "$scratch/table.txt" "$scratch/progress.txt" "$scratch/c.csv" "$scratch/c.html" || fail "a control character"
! grep -q '<script>' "$scratch/c.html" || fail "a script in the page"
! grep -qE 'src=|href=|url\(' "$scratch/c.html" || fail "the page needs something beside it"
[ "$(grep -c '^[a-z-]*,00-example,[a-z]*,[a-z-]*,\(ok\|FAIL\),' "$scratch/c.csv")" = $((students * 4)) ] || fail "the CSV has not four lines for each student"
done_testing
