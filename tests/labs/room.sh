#!/usr/bin/env bash
# room.sh - a room of students: forty brokers on one machine; no root, no network; notebooks that are built again lose no work.
. tests/labs/lib_labs.sh

story "forty brokers at once"
PYTHONPATH=$MILLRACE_NOTEBOOKS timeout 120 /usr/bin/python3 -P tests/labs/forty.py "$scratch" 40 || fail "forty brokers"

story "a student who is not root, on a machine without a network, learns and is graded"
mkdir -p "$scratch/class/anna" "$scratch/home"
labs_module build tests/labs/00-example.md --out "$scratch/home/my-labs" --teacher "$scratch/teacher" >"$scratch/built.txt" || fail "build"
cp "$scratch/teacher/en/00-example.ipynb" "$scratch/class/anna/"
cat >"$scratch/alone.sh" <<'ALONE'
set -e
[ "${2:-}" = --here ] || ! ip route 2>/dev/null | grep -q . || { echo "there is a network"; exit 1; }
[ "${2:-}" = --here ] || [ "$(id -u)" = 4711 ] || { echo "this is user $(id -u)"; exit 1; }
cd "$1/home"
"$MILLRACE" lab-school next >/dev/null
printf 'def count(topic):\n    keys = [r.key for r in lab.consume(topic)]\n    return {key: keys.count(key) for key in keys}\n' >my-labs/00-example/count.py
"$MILLRACE" lab-school check
[ "${2:-}" = --here ] || "$MILLRACE" grade --class "$1/class" --seed 5 --lang en
ALONE
if labs_module sandbox; then
    timeout 60 bwrap --unshare-net --unshare-user --uid 4711 --gid 4711 --cap-drop ALL --die-with-parent --dev-bind / / --proc /proc \
        bash "$scratch/alone.sh" "$scratch" >"$scratch/alone.txt" 2>&1 || fail "without root and network: $(tail -5 "$scratch/alone.txt")"
    grep -q '^ok .*count/every-record' "$scratch/alone.txt" || fail "lab-school check: $(cat "$scratch/alone.txt")"
    grep -q '^anna .*4/4' "$scratch/alone.txt" || fail "grade: $(cat "$scratch/alone.txt")"
else # it forbids namespaces: a student learns there all the same; that nobody is graded is hostile.sh's
    timeout 60 bash "$scratch/alone.sh" "$scratch" --here >"$scratch/alone.txt" 2>&1 || fail "without a sandbox: $(tail -5 "$scratch/alone.txt")"
    grep -q '^ok .*count/every-record' "$scratch/alone.txt" || fail "lab-school check: $(cat "$scratch/alone.txt")"
fi

story "the notebooks are built again: what was not touched is made new, what was worked on stays"
build() { labs_module build "$scratch/lab/00-example.md" --out "$scratch/my" >"$scratch/built.txt" || fail "build: $(cat "$scratch/built.txt")"; }
mkdir "$scratch/lab" && cp tests/labs/00-example.md "$scratch/lab"
build
grep -q '2 made' "$scratch/built.txt" || fail "first: $(cat "$scratch/built.txt")"
build
grep -q '2 same' "$scratch/built.txt" || fail "again: $(cat "$scratch/built.txt")"
sed -i 's/    return None/    return 1/' "$scratch/my/it/00-example.ipynb" # a student's work
cp "$scratch/my/it/00-example.ipynb" "$scratch/work.ipynb"
sed -i -e 's/A lab to try the labs with$/A lab to try them with/' -e 's/Qui si impara/Qui impariamo/' "$scratch/lab/00-example.md"
build
cmp -s "$scratch/work.ipynb" "$scratch/my/it/00-example.ipynb" || fail "a student's work was written over"
grep -q '1 beside, 1 newer' "$scratch/built.txt" || fail "after both changed: $(cat "$scratch/built.txt")"
grep -q 'to try them with' "$scratch/my/en/00-example.ipynb" || fail "the untouched one is old"
[ -f "$scratch/my/it/00-example.new.ipynb" ] || fail "the newer text is nowhere"

story "make labs in a folder whose name has blanks"
room="$scratch/aula è 3"
mkdir -p "$room/build"
for part in *; do [ "$part" = build ] || [ "$part" = my-labs ] || ln -s "$PWD/$part" "$room/"; done
cp "$MILLRACE" "$room/build/millrace"
MILLRACE_NOTEBOOKS='' make -C "$room" -o deps-labs labs AGAIN=true LAB=tests/labs/00-example.md >"$scratch/made.txt" 2>&1 || fail "make labs: $(cat "$scratch/made.txt")"
[ -f "$room/my-labs/it/00-example.ipynb" ] || fail "no notebook: $(cat "$scratch/made.txt")"

story "a student's notebook has neither solutions nor checks; its cells have their ids"
for language in it en; do
    notebook=$scratch/home/my-labs/$language/00-example.ipynb
    ! grep -qE 'return found|check_|def check|expect_equal|teacher it' "$notebook" || fail "$notebook tells too much"
    for id in lab-open cell-start ex-count run-count check-count ex-send experiment-how-long; do
        grep -q "\"id\": \"$id\"" "$notebook" || fail "$notebook has no cell $id"
    done
done
grep -q 'Qui si impara' "$scratch/home/my-labs/it/00-example.ipynb" && ! grep -q 'Here one learns' "$scratch/home/my-labs/it/00-example.ipynb" || fail "languages"

story "what does not fit in a lab's file is refused with its line"
refused() { # SED WORDS
    sed -e "$1" tests/labs/00-example.md >"$scratch/lab/00-example.md"
    labs_module prove --no-walk --only send "$scratch/lab/00-example.md" >"$scratch/refused.txt" && fail "accepted: $1"
    grep -qF -- "$2" "$scratch/refused.txt" || fail "$1: not \"$2\" but $(tail -3 "$scratch/refused.txt")"
}
refused '0,/^<!-- en -->$/s//<!-- de -->/' '00-example.md:12: no such mark'
refused '0,/^```text/s//```perl/' '00-example.md:35: no such language'
refused 's/minutes=10/minutes=x/' 'minutes=x: a number from 1 to 60'
refused 's/run=count/run=cont/' 'there is no exercise cont (exercises: count, send)'
refused 's/def count(topic):/def count(topic:/' 'Python cannot read this'
refused '/^<!-- hint send en -->/,+1d' 'has no <!-- en --> of the same kind'
refused 's/fails=order/fails=ordre/' 'fails=ordre: exercise send has no such check (all-there, order)'
refused 's/name=sorted/name=backwards/' "$scratch/lab/00-example.md:$(grep -n 'name=sorted' tests/labs/00-example.md | cut -d: -f1): wrong=send has a name=backwards already, in line $(
    grep -n 'name=backwards' tests/labs/00-example.md | cut -d: -f1)"
refused 's/says="in their order"/says="another word"/' "order should say 'another word'; it said: the values are not in the log"
refused 's/producer.flush()/pass/' 'FAIL  00-example send             the solution'

story "a solution that does not pass fails with its notebook, where the kernel runs it"
sed -e '/^```python solution=count/,/^```$/s/found.get(record.key, 0) + 1/1/' tests/labs/00-example.md >"$scratch/lab/00-example.md"
labs_module prove --walk kernel "$scratch/lab/00-example.md" >"$scratch/refused.txt" && fail "a wrong solution is proven"
grep -q '^FAIL  00-example notebook ' "$scratch/refused.txt" && grep -q '> FAIL  00-example count/every-record ' "$scratch/refused.txt" &&
    [ "$(grep -c '^FAIL' "$scratch/refused.txt")" = 1 ] || fail "a wrong solution: $(cat "$scratch/refused.txt")"
done_testing
